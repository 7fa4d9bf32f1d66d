"""Dump format 2, compared with released execnet itself."""

from __future__ import annotations

from typing import Any

import pytest
from execnet import gateway_base

from xnet_conformance.cbor_reading import NotAValue
from xnet_conformance.errors import CaseError
from xnet_conformance.legacy.dump_format import read_dump, write_dump
from xnet_conformance.values import Value, parse_value

VALUES: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    (False, False),
    (5, 5),
    (-(2**31), -(2**31)),
    (2**31, 2**31),
    (2**1000, 2**1000),
    (1.5, {"t": "float", "v": "1.5"}),
    (-0.0, {"t": "float", "v": "8000000000000000"}),
    (complex(1, -2), {"t": "complex", "v": ["1.0", "-2.0"]}),
    (b"\x00\xff", {"t": "bytes", "v": "00ff"}),
    ("ü", "ü"),
    ([1, [2], []], [1, [2], []]),
    ((), {"t": "tuple", "v": []}),
    ((1, (2,)), {"t": "tuple", "v": [1, {"t": "tuple", "v": [2]}]}),
    ({"a": {1: None}}, {"t": "dict", "v": [["a", {"t": "dict", "v": [[1, None]]}]]}),
    ({7}, {"t": "set", "v": [7]}),
    (frozenset([8]), {"t": "frozenset", "v": [8]}),
]


@pytest.mark.parametrize(("python", "tagged"), VALUES, ids=repr)
def test_it_reads_and_writes_what_execnet_does(python: Any, tagged: Any) -> None:
    value = parse_value(tagged)
    theirs = gateway_base.dumps_internal(python)
    assert write_dump(value) == theirs
    assert read_dump(theirs) == value


def test_integers_that_execnet_cannot_write_are_read_by_it() -> None:
    assert gateway_base.loads_internal(write_dump(Value("int", -(2**31) - 1))) == -(2**31) - 1


def test_strings_of_python_2_stay_what_they_are() -> None:
    assert read_dump(b"M\x00\x00\x00\x01aQ") == Value("py2str", b"a")
    assert read_dump(b"S\x00\x00\x00\x01aQ") == Value("str", "a")
    assert read_dump(b"I\x00\x00\x00\x0212Q") == Value("int", 12)


def test_a_channel_is_its_number() -> None:
    assert read_dump(write_dump(Value("channel", 3))) == Value("channel", 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "1 bytes are needed"),
        (b"L", "1 bytes are needed"),
        (b"Q", "there are 0 values"),
        (b"LLQ", "there are 2 values"),
        (b"LQL", "1 bytes are left"),
        (b"ZQ", "not an opcode"),
        (b"A\x7f\xff\xff\xffxQ", "are needed"),
        (b"A\xff\xff\xff\xffQ", "a length of -1"),
        (b"N\x00\x00\x00\x01\xffQ", "not UTF-8"),
        (b"K\x7f\xff\xff\xffQ", "a list of 2147483647 elements"),
        (b"@\x00\x00\x00\x02Q", "2 values are needed"),
        (b"LLLPQ", "an element None of a null"),
        (b"K\x00\x00\x00\x01F\x00\x00\x00\x05LPQ", "an element 5 of a list"),
        (b"H\x00\x00\x00\x01xQ", "not a decimal number"),
    ],
)
def test_anything_else_is_no_value(data: bytes, reason: str) -> None:
    with pytest.raises(NotAValue, match=reason):
        read_dump(data)


def test_a_channel_that_does_not_fit_is_a_mistake_of_the_case() -> None:
    with pytest.raises(CaseError, match="does not fit"):
        write_dump(Value("channel", 2**31))
