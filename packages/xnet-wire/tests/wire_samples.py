"""Payloads that are no item: each is refused with VALUE_MALFORMED."""

from __future__ import annotations

import re
from typing import Final


def samples(table: str) -> list[str]:
    """Return the samples of a table; blanks inside of one are for the eye."""
    return [sample.replace(" ", "") for sample in re.split(r"\||\n", table) if sample.strip()]


#: RFC 8949, appendix F.1: not well formed, by reason.
APPENDIX_F: Final = samples("""
18 | 19 | 1a | 1b | 1901 | 1a0102 | 1b01020304050607 | 38 | 58 | 78 | 98 | 9a01ff00 | b8 | d8 | f8
f900 | fa0000 | fb000000 | 41 | 61 | 5affffffff00 | 5bffffffffffffffff010203 | 7affffffff00
7b7fffffffffffffff010203 | 81 | 818181818181818181 | 8200 | a1 | a20102 | a100 | a2000000 | c0
5f4100 | 7f6100 | 9f | 9f0102 | bf | bf01020102 | 819f | 9f8000 | 9f9f9f9f9fffffffff | 9f819f819f9fffffff
1c | 1d | 1e | 3c | 3d | 3e | 5c | 5d | 5e | 7c | 7d | 7e | 9c | 9d | 9e | bc | bd | be | dc | dd | de
fc | fd | fe | f800 | f801 | f818 | f81f
5f00ff | 5f21ff | 5f6100ff | 5f80ff | 5fa0ff | 5fc000ff | 5fe0ff | 7f4100ff
5f5f4100ffff | 7f7f6100ffff | ff | 81ff | 8200ff | a1ff | a1ff00 | a100ff | a20000ff | 9f81ff
9f829f819f9fffffffff | bf00ff | bf000000ff | 1f | 3f | df
""")

#: What is well formed but not a value of this protocol, and malformed text.
REFUSED: Final = samples("""
f7 | f0 | e0 | f3 | f820 | f8ff | 81f7 | a1f700 | a100f7 | d9e42081f7
c000 | c100 | c48200 01 | c5820001 | d81900 | d81c80 | d81d00 | d81e820102 | d82361 61 | d8244161 | d82540
d8344401020304 | d83650 | d864 00 | d9010080 | d9010444 01020304 | d90105a0 | d903ec60 | d9d9f700 | d903e800
d81cd81d00 | da0000e42d80 | db000000000000e42400
c200 | c26161 | c280 | c2c24101 | c300 | c340 00 | c2d9e4234101
d9010201 | d90102a0 | d9010240 | d901028101 01 | d90102d9010280 | d90102820101 | d901028201f93c00
d901028201f5 | d90102818 0 | d9010281a0 | d9010281d9010280 | d9010281d9e4208180
d9e42101 | d9e421820101 | d9e4218180 | d9e42100
d9e42001 | d9e420a0 | d9e420d9e42080 | d9e420d9010280 | d9e42060
d9a7f881f93c00 | d9a7f883f93c00f93c00f93c00 | d9a7f8820102 | d9a7f882f93c0001 | d9a7f880
d9a7f8f93c00 | d9a7f882f5f5
d9e42200 | d9e42220 | d9e4226131 | d9e4221b0000000100000000 | d9e422c24101 | d9e42281 01 | d9e422f93c00
d9e4236161 | d9e42301 | d9e42380
d9e4246161 | d9e42401 | d9e42480 | d9e42440 | d9e4244161 | d9e42442eda0 | d9e42443eda0ff | d9e42445eda080c080
a1d9e424416100 | a2d9e42443eda08000d9e42443eda08000 | d9010282d9e42443eda080d9e42443eda080
a20100 0100 | a2010001 00 | a201000 1f6 | a2f5000100 | a201 00f93c0000 | a2616101616102 | a240 00 4000
a2f90000 00 f9800000 | a18000 | a1a000 | a1d901028000 | a1d9e420818000 | a1d9e421818000 | a1d9e42081a000
a2d9e4208101 00 d9e42081f93c00 00
61ff | 62c328 | 63eda080 | 62c080 | 64f4908080 | 61c3 | 8161ff | a161ff00 | d9e4228161ff
0000 | 8000 | 6100 00 | f600 | 4000
""")

#: The empty payload is no item either.
REFUSED.append("")
