"""Against the examples of RFC 8949, appendix A, as far as this protocol has them, and its appendix F."""

from __future__ import annotations

import pytest

from xnet_conformance.cbor_reading import NotAValue, read_value, read_values
from xnet_conformance.values import Value, format_value, parse_value

EXAMPLES = [
    ("00", 0), ("01", 1), ("0a", 10), ("17", 23), ("1818", 24), ("1864", 100), ("1903e8", 1000),
    ("1a000f4240", 1000000), ("1b000000e8d4a51000", 1000000000000), ("1bffffffffffffffff", 2**64 - 1),
    ("c249010000000000000000", 2**64), ("3bffffffffffffffff", -(2**64)),
    ("c349010000000000000000", -(2**64) - 1),
    ("20", -1), ("29", -10), ("3863", -100), ("3903e7", -1000),
    ("f90000", {"t": "float", "v": "0.0"}), ("f98000", {"t": "float", "v": "-0.0"}),
    ("f93c00", {"t": "float", "v": "1.0"}), ("fb3ff199999999999a", {"t": "float", "v": "1.1"}),
    ("f97bff", {"t": "float", "v": "65504.0"}), ("fa47c35000", {"t": "float", "v": "100000.0"}),
    ("f90001", {"t": "float", "v": "5.960464477539063e-8"}), ("f97c00", {"t": "float", "v": "inf"}),
    ("f97e00", {"t": "float", "v": "nan"}), ("f9fc00", {"t": "float", "v": "-inf"}),
    ("f4", False), ("f5", True), ("f6", None), ("40", {"t": "bytes", "v": ""}),
    ("4401020304", {"t": "bytes", "v": "01020304"}), ("60", ""), ("6161", "a"), ("6449455446", "IETF"),
    ("62c3bc", "ü"), ("63e6b0b4", "水"), ("64f0908591", "\U00010151"), ("80", []), ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]), ("a0", {"t": "dict", "v": []}),
    ("a201020304", {"t": "dict", "v": [[1, 2], [3, 4]]}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "tagged"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_examples_of_the_rfc(data: str, tagged: object) -> None:
    assert read_value(bytes.fromhex(data)) == parse_value(tagged)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("d9e4208101", "tuple"),
        ("d901028101", "set"),
        ("d9e4218101", "frozenset"),
        ("d9e42203", "channel"),
        ("d9e4234161", "py2str"),
        ("d9a7f882f93c00f93c00", "complex"),
        ("d9e42446eda0bdedb880", "surrogates"),
    ],
)
def test_tags_of_this_protocol(data: str, kind: str) -> None:
    assert read_value(bytes.fromhex(data)).kind == kind


BAD = "18 1a0102 41 6161ff 8200 a100 a2010201 c0 c101 9f01ff 5f4100ff 1c 1f ff f7 f0 f818 61ff 62eda0 0000"
BAD += " d9e4244161 d9e42440 d9e4246161 d9e42444eda080ff d9e42444f09f9880"


@pytest.mark.parametrize("data", BAD.split())
def test_what_is_no_value_is_refused(data: str) -> None:
    with pytest.raises(NotAValue, match="at byte"):
        read_value(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["c24105", "c340", "81c248ffffffffffffffff", "c348ffffffffffffffff"])
def test_bignums_of_64_bits_are_what_no_encoder_writes(data: str) -> None:
    """Spec: VA-002, VA-021."""
    read_value(bytes.fromhex(data))
    with pytest.raises(NotAValue, match="64 bits") as caught:
        read_value(bytes.fromhex(data), as_encoded=True)
    assert caught.value.req == "VA-002"
    with pytest.raises(NotAValue):
        read_values(bytes.fromhex("81" + data))


def test_nothing_is_no_value() -> None:
    with pytest.raises(NotAValue):
        read_value(b"")


@pytest.mark.parametrize("data", ["a2010101f5", "a201f6 f93c0001".replace(" ", ""), "d90102820101", "a18001"])
def test_keys_that_python_takes_for_one_are_refused(data: str) -> None:
    with pytest.raises(NotAValue):
        read_value(bytes.fromhex(data))


def test_batches_are_cut_into_their_items() -> None:
    assert read_values(bytes.fromhex("8201626162")) == [
        (Value("int", 1), b"\x01"),
        (Value("str", "ab"), b"bab"),
    ]
    for data in ("80", "01", "8101ff", "8201", "9f01ff", ""):
        with pytest.raises(NotAValue):
            read_values(bytes.fromhex(data))


def test_a_count_that_lies_takes_no_memory() -> None:
    with pytest.raises(NotAValue):
        read_value(bytes.fromhex("9bffffffffffffffff00"))


def test_the_notation_keeps_every_value() -> None:
    for data, _ in EXAMPLES:
        value = read_value(bytes.fromhex(data))
        assert parse_value(format_value(value)) == value
