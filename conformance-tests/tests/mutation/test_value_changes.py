from __future__ import annotations

import pytest

from xnet_conformance.errors import CaseError
from xnet_conformance.mutation.value_changes import ENCODINGS, VALUES, change_item

CHANGES = [
    ("minus-zero-lost", "fb8000000000000000", "fb0000000000000000"),
    ("float-as-single", "fb3fd5555555555555", "fb3fd5555560000000"),
    ("float-as-int", "fb3ff0000000000000", "01"),
    ("large-int-as-float", "1b0020000000000001", "fb4340000000000000"),
    ("int-modulo-2^64", "c249010000000000000005", "05"),
    ("bool-as-int", "f5", "01"),
    ("dict-reversed", "a201020304", "a203040102"),
    ("bytes-as-text", "4161", "6161"),
    ("bytes-as-py2str", "4161", "d9e4234161"),
    ("tuple-as-list", "d9e4208101", "8101"),
    ("set-as-list", "d901028101", "8101"),
    ("set-as-frozenset", "d901028101", "d9e4218101"),
    ("frozenset-as-set", "d9e4218101", "d901028101"),
    ("text-shorter", "626162", "6161"),
    ("text-as-surrogates", "6161", "d9e4244161"),
    ("surrogates-as-bytes", "d9e42443eda080", "43eda080"),
    ("surrogates-replaced", "d9e4244461eda080", "62613f"),
    ("surrogate-pairs-joined", "d9e42446eda0bdedb880", "64f09f9880"),
    ("channel-next", "d9e42203", "d9e42205"),
    ("channel-other-parity", "d9e42203", "d9e42204"),
    ("long-head", "6161", "7b000000000000000161"),
    ("as-bignum", "1bffffffffffffffff", "c248ffffffffffffffff"),
    ("indefinite", "8101", "9f01ff"),
    ("trailing-byte", "01", "01f6"),
    ("cut", "6161", "61"),
    ("nothing", "01", ""),
    ("unknown-tag", "01", "d9d9f701"),
]


@pytest.mark.parametrize(("name", "before", "after"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_a_change_does(name: str, before: str, after: str) -> None:
    assert change_item(bytes.fromhex(before), name).hex() == after


def test_a_change_leaves_alone_what_it_is_not_about() -> None:
    for name in VALUES:
        assert change_item(bytes.fromhex("820203"), name).hex() == "820203"


def test_halves_that_stand_alone_are_not_joined() -> None:
    item = bytes.fromhex("d9e42449eda0bdedb880eda080")
    assert change_item(item, "surrogate-pairs-joined").hex() == "d9e42447f09f9880eda080"


def test_complex_numbers_become_lists_of_two() -> None:
    item = "d9a7f882fb3ff0000000000000fb4000000000000000"
    assert change_item(bytes.fromhex(item), "complex-as-list").hex() == item[6:]


def test_every_change_is_tried_here() -> None:
    assert {row[0] for row in CHANGES} | {"complex-as-list"} == {*ENCODINGS, *VALUES}


def test_an_unknown_change_is_a_mistake() -> None:
    with pytest.raises(CaseError, match="unknown change 'x'"):
        change_item(b"\x01", "x")
