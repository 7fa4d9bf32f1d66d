from __future__ import annotations

import pytest

from xnet_conformance.cbor_reading import read_value
from xnet_conformance.cbor_writing import write_head, write_value
from xnet_conformance.errors import CaseError
from xnet_conformance.values import Value, parse_value

EXAMPLES = [
    ("00", 0), ("17", 23), ("1818", 24), ("18ff", 255), ("190100", 256), ("1a00010000", 65536),
    ("1b0000000100000000", 2**32), ("1bffffffffffffffff", 2**64 - 1), ("c249010000000000000000", 2**64),
    ("20", -1), ("37", -24), ("3818", -25), ("3bffffffffffffffff", -(2**64)),
    ("c349010000000000000000", -(2**64) - 1),
    ("f4", False), ("f5", True), ("f6", None), ("6161", "a"), ("60", ""), ("4101", {"t": "bytes", "v": "01"}),
    ("80", []), ("820102", [1, 2]), ("a10102", {"t": "dict", "v": [[1, 2]]}),
    ("d9e4208101", {"t": "tuple", "v": [1]}), ("d901028101", {"t": "set", "v": [1]}),
    ("d9e4218101", {"t": "frozenset", "v": [1]}), ("d9e42203", {"t": "channel", "v": "3"}),
    ("d9e4234161", {"t": "py2str", "v": "61"}), ("d9e42443eda080", {"t": "surrogates", "v": "eda080"}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "tagged"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_preferred_encodings(data: str, tagged: object) -> None:
    assert write_value(parse_value(tagged)).hex() == data


@pytest.mark.parametrize("text", ["0.0", "-0.0", "1.5", "0.1", "inf", "-inf", "nan", "5e-324"])
def test_floats_keep_their_bits(text: str) -> None:
    value = parse_value({"t": "float", "v": text})
    assert read_value(write_value(value)) == value
    pair = parse_value({"t": "complex", "v": [text, "1.0"]})
    assert read_value(write_value(pair)) == pair


def test_heads_are_as_short_as_they_can_be() -> None:
    assert [write_head(2, number).hex() for number in (0, 23, 24, 256)] == ["40", "57", "5818", "590100"]


def test_a_channel_without_a_number_cannot_be_written() -> None:
    with pytest.raises((CaseError, TypeError)):
        write_value(Value("channel", "a"))
