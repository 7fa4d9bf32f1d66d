"""Values that are seldom: longer heads, bignums of all lengths, keys with a NaN, as much depth as may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xnet_conformance.cbor_writing import write_head, write_value
from xnet_conformance.values import parse_value

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Content of tags 2 and 3: without a byte, with leading zeros, at the ends of 64 bits and beyond them.
_BIGNUMS: Final = {
    "empty": "40",
    "zero": "4100",
    "small": "4105",
    "leading-zeros": "430000ff",
    "eight-bytes": "48ffffffffffffffff",
    "eight-bytes-signed": "488000000000000000",
    "eight-bytes-after-zero": "4900ffffffffffffffff",
    "nine-bytes": "49010000000000000000",
    "nine-bytes-after-zeros": "4b0000010000000000000000",
    "long-head": "5b00000000000000020105",
}
#: Names of tags, with their numbers and a content.
_TAGGED: Final = (
    ("bignum", 2, "41ff"),
    ("negative-bignum", 3, "41ff"),
    ("set", 258, "8101"),
    ("complex", 43000, "82f93c00f90000"),
    ("tuple", 58400, "8101"),
    ("frozenset", 58401, "8101"),
    ("surrogates", 58404, "43eda080"),
)
_NAN: Final = {"t": "float", "v": "nan"}
#: Keys in which there is a NaN: each is equal to nothing, not even to itself. Spec: VA-022.
_NEVER_EQUAL: Final[tuple[object, ...]] = (
    _NAN,
    {"t": "complex", "v": ["nan", "0.0"]},
    {"t": "complex", "v": ["0.0", "nan"]},
    {"t": "complex", "v": ["nan", "nan"]},
    {"t": "tuple", "v": [_NAN]},
    {"t": "tuple", "v": [1, {"t": "tuple", "v": [{"t": "complex", "v": ["1.0", "nan"]}]}]},
    {"t": "frozenset", "v": [_NAN]},
    {"t": "frozenset", "v": [1, {"t": "tuple", "v": [_NAN]}]},
    {"t": "frozenset", "v": [_NAN, _NAN]},
)


def odd_values() -> Iterator[tuple[str, bytes]]:
    """Yield a name and an encoding of each."""
    yield from _long_heads()
    for n, key in enumerate(_NEVER_EQUAL):
        yield f"set.never-equal.{n}", _encoded({"t": "set", "v": [key, key]})
        yield f"dict.never-equal.{n}", _encoded({"t": "dict", "v": [[key, 1], [key, 2]]})
    for name, data in at_depth(512).items():
        yield f"nest.at-limit.{name}", data
    # What is open is counted, not what was: as deep as may be twice, and more siblings than levels.
    yield "nest.twice", b"\x82" + (b"\x81" * 510 + b"\x80") * 2
    for kind, tag, content in _TAGGED:
        if kind != "surrogates":
            yield f"nest.siblings.{kind}", _siblings(write_head(6, tag) + bytes.fromhex(content))
    yield "nest.siblings.dict", _siblings(b"\xa0")
    yield "nest.siblings.list", _siblings(b"\x80")


def at_depth(depth: int) -> dict[str, bytes]:
    """Return values of that depth, each with something else innermost. Spec: VA-023."""
    inner = {
        "list": (1, b"\x81\x00"),
        "dict": (1, b"\xa1\x00\x00"),
        "bignum-empty": (1, b"\xc2\x40"),
        "negative-bignum": (1, b"\xc3\x49\x01" + bytes(8)),
        "set": (2, b"\xd9\x01\x02\x80"),
        "tuple": (2, b"\xd9\xe4\x20\x80"),
        "tuple-of-one": (2, b"\xd9\xe4\x20\x81\x00"),
        "frozenset": (2, b"\xd9\xe4\x21\x80"),
        "complex": (2, b"\xd9\xa7\xf8\x82\xf9\x00\x00\xf9\x3c\x00"),
        "surrogates": (1, b"\xd9\xe4\x24\x43\xed\xa0\x80"),
        "key": (3, b"\xa1\xd9\xe4\x20\x80\x00"),
        "element": (5, b"\xd9\x01\x02\x81\xd9\xe4\x21\x81\xc2\x40"),
        "last-element": (2, b"\x82\x00\x80"),
        "second-value": (2, b"\xa2\x00\x00\x01\x80"),
    }
    return {name: b"\x81" * (depth - levels) + data for name, (levels, data) in inner.items()}


def _siblings(data: bytes) -> bytes:
    return write_head(4, 600) + data * 600


def _long_heads() -> Iterator[tuple[str, bytes]]:
    """Yield lengths and tags in more bytes than they need, and bignums of all lengths. Spec: VA-021."""
    for name, content in _BIGNUMS.items():
        yield f"bignum.{name}", bytes.fromhex(f"c2{content}")
        yield f"bignum.minus.{name}", bytes.fromhex(f"c3{content}")
    for info in (24, 25, 26, 27):
        size = 1 << (info - 24)
        for kind, major, content in (
            ("bytes", 2, "61"),
            ("str", 3, "61"),
            ("list", 4, "00"),
            ("dict", 5, "0000"),
        ):
            head = bytes([major << 5 | info]) + (1).to_bytes(size, "big")
            yield f"{kind}.long-head.{8 * size}", head + bytes.fromhex(content)
        for kind, tag, content in _TAGGED:
            if tag < 1 << 8 * size:
                head = bytes([0xC0 | info]) + tag.to_bytes(size, "big")
                yield f"tag.long-head.{kind}.{8 * size}", head + bytes.fromhex(content)


def _encoded(tagged: object) -> bytes:
    return write_value(parse_value(tagged))
