"""Diagnostic notation, literals, and the strict reader agree with cbor2 and with RFC 8949."""

from __future__ import annotations

import math
import struct

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import closed_set
import diagnostic
import examples
import literals

# From RFC 8949, appendix A.
APPENDIX_A = {
    "0": "00",
    "23": "17",
    "24": "1818",
    "1000": "1903e8",
    "1000000": "1a000f4240",
    "18446744073709551615": "1bffffffffffffffff",
    "2(h'010000000000000000')": "c249010000000000000000",
    "-18446744073709551616": "3bffffffffffffffff",
    "-1000": "3903e7",
    "0.0": "f90000",
    "-0.0": "f98000",
    "1.1": "fb3ff199999999999a",
    "65504.0": "f97bff",
    "100000.0": "fa47c35000",
    "1.0e+300": "fb7e37e43c8800759c",
    "Infinity_2": "fa7f800000",
    "NaN": "f97e00",
    "-Infinity_3": "fbfff0000000000000",
    "undefined": "f7",
    "h'01020304'": "4401020304",
    '"\\"\\\\"': "62225c",
    '"\\u00fc"': "62c3bc",
    "[1, [2, 3], [4, 5]]": "8301820203820405",
    '{"a": 1, "b": [2, 3]}': "a26161016162820203",
    "1_0": "1801",
}


@pytest.mark.parametrize("text", APPENDIX_A)
def test_notation_gives_the_bytes_of_the_rfc(text: str) -> None:
    assert diagnostic.encode(text).hex() == APPENDIX_A[text]


@pytest.mark.parametrize(
    "text", ["", "[1", "1 2", "?", "[1 2]", "{1}", "18446744073709551616", "0.1_1", "h'0'"]
)
def test_notation_with_a_mistake_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which mistake it is does not matter
        diagnostic.encode(text)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
ITEMS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.sets(st.integers()),
    max_leaves=20,
)


@given(ITEMS)
def test_the_strict_reader_reads_what_cbor2_writes(item: object) -> None:
    assert literals.same(closed_set.decode(cbor2.dumps(item)), item)


@given(st.binary(max_size=40))
def test_the_strict_reader_is_total_and_never_disagrees_with_cbor2(data: bytes) -> None:
    try:
        value = closed_set.decode(data)
    except closed_set.Rejected:
        return
    assert literals.same(examples.decode_with_cbor2(data), value)


@pytest.mark.parametrize("depth", [1, 64, 200])
def test_the_strict_reader_counts_depth(depth: int) -> None:
    assert closed_set.decode(b"\x81" * (depth - 1) + b"\x80", max_depth=depth) is not None
    with pytest.raises(closed_set.Rejected, match="deeper than"):
        closed_set.decode(b"\x81" * depth + b"\x80", max_depth=depth)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2**64", 2**64),
        ("-2**64 - 1", -(2**64) - 1),
        ("complex(1, -0.0)", complex(1, -0.0)),
        ("repeat('ab', 3)", "ababab"),
        ("frozenset({1, (2, 3)})", frozenset({1, (2, 3)})),
        ("{'a': [set(), None, True]}", {"a": [set(), None, True]}),
        ("channel(3)", literals.Channel(3)),
    ],
)
def test_literals(text: str, value: object) -> None:
    assert literals.same(literals.evaluate(text), value)


@pytest.mark.parametrize(
    "text", ["print(1)", "__import__('os')", "a", "[1", "1 / 2", "'a' + 1", "repeat(1, 2)"]
)
def test_a_literal_runs_no_code(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which mistake it is does not matter
        literals.evaluate(text)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ((1,), [1]),
        ({1}, frozenset({1})),
        ({1: 0, 2: 0}, {2: 0, 1: 0}),
        ("a", b"a"),
    ],
)
def test_values_that_python_calls_equal_may_differ(left: object, right: object) -> None:
    assert not literals.same(left, right)


def test_a_nan_equals_a_nan() -> None:
    odd: float = struct.unpack(">d", bytes.fromhex("7ff8000000000001"))[0]
    assert literals.same([math.nan], [odd])
