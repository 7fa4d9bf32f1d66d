"""The exact decoder. Spec: VA-020, VA-021, VA-022, VA-023, VA-026, VA-031."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_samples import APPENDIX_F, REFUSED
from wire_strategies import Reference, exactly, items, reference_id
from xnet_wire.errors import ValueFormatError
from xnet_wire.value_decoding import decode_exact
from xnet_wire.value_encoding import encode_exact

DEFAULT = (True, False)


@pytest.mark.parametrize("sample", [*APPENDIX_F, *REFUSED])
def test_va020_it_is_refused(sample: str) -> None:
    with pytest.raises(ValueFormatError) as caught:
        decode_exact(bytes.fromhex(sample), 512, DEFAULT, Reference)
    assert re.fullmatch(r"Malformed item: .+ \(byte \d+\)\.", str(caught.value))


@pytest.mark.parametrize(
    ("data", "item"),
    [
        ("1800", 0),
        ("190017", 23),
        ("1b0000000000000001", 1),
        ("3900ff", -256),
        ("5800", b""),
        ("5900026162", b"ab"),
        ("7a000000026162", "ab"),
        ("980101", [1]),
        ("b90001 01 02", {1: 2}),
        ("da00000102 81 01", {1}),
        ("db000000000000e42080", ()),
        ("f93c00", 1.0),
        ("fa3fc00000", 1.5),
        ("f98000", -0.0),
        ("f97e01", math.nan),
        ("fa7fc00000", math.nan),
        ("f90001", 2**-24),
        ("c240", 0),
        ("c24101", 1),
        ("c34100", -1),
        ("c24a00000000000000000001", 1),
        ("c2480000000000000001", 1),
        ("d9a7f882f93c00fac0000000", 1 - 2j),
        ("a2f97e0000f97e0001", "two nan keys"),
        ("d9e4234161", "a"),
        ("d9e42341e9", "é"),
        ("a1d9e422070 1", {Reference(7): 1}),
        ("d90102824161 6161", {b"a", "a"}),
    ],
)
def test_va021_it_is_accepted(data: str, item: Any) -> None:
    decoded = decode_exact(bytes.fromhex(data.replace(" ", "")), 512, DEFAULT, Reference)
    if item == "two nan keys":
        assert len(decoded) == 2
    else:
        assert exactly(decoded) == exactly(item)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            "820161ff",
            "Malformed item: a text string is not UTF-8 at its byte 0: invalid start byte (byte 2).",
        ),
        ("01020304", "Malformed item: 3 bytes follow the item (byte 1)."),
        ("83016161", "Malformed item: the payload ends inside an array that began at byte 0 (byte 4)."),
        ("8181d9e420", "Malformed item: the payload ends inside a tuple that began at byte 2 (byte 5)."),
        ("420a", "Malformed item: a byte string claims 2 bytes, 1 are left (byte 0)."),
        ("a2616101616102", "Malformed item: a map has two keys equal to 'a' (byte 0)."),
        ("d9e42200", "Malformed item: channel id 0 is not between 1 and 4294967295 (byte 0)."),
        (
            "c000",
            (
                "Malformed item: tag 0 is not one of"
                " 2, 3, 258, 43000, 58400, 58401, 58402, 58403, 58404 (byte 0)."
            ),
        ),
        ("d90102a0", "Malformed item: tag 258 (a set) holds a map instead of an array (byte 0)."),
        ("d90102f6", "Malformed item: tag 258 (a set) holds a simple value instead of an array (byte 0)."),
        ("9affffffff", "Malformed item: an array claims 4294967295 entries in the 0 bytes left (byte 0)."),
    ],
)
def test_the_sentence_says_what_and_where(data: str, sentence: str) -> None:
    with pytest.raises(ValueFormatError) as caught:
        decode_exact(bytes.fromhex(data), 512, DEFAULT, Reference)
    assert str(caught.value) == sentence


def test_a_reference_needs_somebody_to_resolve_it() -> None:
    with pytest.raises(ValueFormatError, match="a reference to channel 5 where no channel can be received"):
        decode_exact(bytes.fromhex("81d9e42205"), 512, DEFAULT, None)


@pytest.mark.parametrize("limit", [64, 512, 2000])
@pytest.mark.parametrize(
    ("leaf", "levels"), [("00", 0), ("80", 1), ("a0", 1), ("d9e42080", 2), ("c24101", 1), ("d9e42201", 1)]
)
def test_va023_depth_is_exact(limit: int, leaf: str, levels: int) -> None:
    fits = b"\x81" * (limit - levels) + bytes.fromhex(leaf)
    decode_exact(fits, limit, DEFAULT, Reference)
    with pytest.raises(ValueFormatError, match=f"nested deeper than {limit} arrays, maps and tags"):
        decode_exact(b"\x81" + fits, limit, DEFAULT, Reference)


@pytest.mark.parametrize(
    ("strings", "py2", "text"),
    [
        ((True, False), "é", "é"),
        ((False, False), b"\xe9", "é"),
        ((True, True), "é", "é".encode()),
        ((False, True), b"\xe9", "é".encode()),
    ],
)
def test_va031_strings_arrive_by_the_table(strings: tuple[bool, bool], py2: Any, text: Any) -> None:
    data = bytes.fromhex("84 d9e42341e9 62c3a9 41e9 a1 62c3a9 d901028162c3a9")
    assert decode_exact(data, 512, strings, None) == [py2, text, b"\xe9", {text: {text}}]


def test_va022_duplicates_are_judged_after_coercion() -> None:
    data = bytes.fromhex("a2 616100 416101")
    assert decode_exact(data, 512, DEFAULT, None) == {"a": 0, b"a": 1}
    with pytest.raises(ValueFormatError, match="two keys equal to b'a'"):
        decode_exact(data, 512, (True, True), None)


def test_text_must_be_utf8_even_where_it_arrives_as_bytes() -> None:
    with pytest.raises(ValueFormatError, match="not UTF-8"):
        decode_exact(b"\x61\xff", 512, (True, True), None)


@given(st.binary(max_size=60))
def test_va026_any_bytes_give_an_item_or_the_documented_error(data: bytes) -> None:
    try:
        item = decode_exact(data, 64, DEFAULT, Reference)
    except ValueFormatError:
        return
    again = encode_exact(item, Reference, reference_id, 64, surrogates=True)
    assert exactly(decode_exact(again, 64, DEFAULT, Reference)) == exactly(item)


@given(items, st.integers(0, 1000))
def test_a_truncated_item_is_refused(item: Any, at: int) -> None:
    data = encode_exact(item, None, None, 512)
    with pytest.raises(ValueFormatError):
        decode_exact(data[: at % len(data)], 512, DEFAULT, None)
