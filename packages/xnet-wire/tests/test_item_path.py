from __future__ import annotations

import enum

import pytest

from xnet_wire.item_path import ITEM, KEY, VALUE, WHOLE, at_path, describe_refused, describe_type, short_repr


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (-1.5, "-1.5"),
        (2j, "2j"),
        ("report", "'report'"),
        ("x" * 41, "'" + "x" * 40 + "'..."),
        (b"y" * 50, "b'" + "y" * 40 + "'..."),
        (2**128, "<int of 129 bits>"),
        pytest.param(1 << 10_000_000, "<int of 10000001 bits>", id="huge"),
        ([1, "secret"], "<list>"),
        (Colour.RED, "<Colour>"),
    ],
)
def test_short_repr_is_bounded(value: object, text: str) -> None:
    assert short_repr(value) == text


def test_a_path_reads_like_python() -> None:
    assert at_path([WHOLE]) == ""
    assert at_path([WHOLE, (ITEM, 1), (VALUE, "report"), (ITEM, 3)]) == " at [1]['report'][3]"
    assert at_path([WHOLE, (KEY, "k")]) == " at .<key 'k'>"


def test_a_long_path_is_cut() -> None:
    assert at_path([WHOLE, *[(ITEM, 0)] * 100]) == " at " + "[0]" * 19 + "..."


def test_types_are_named_as_people_find_them() -> None:
    assert describe_type(int) == "int"
    assert describe_type(Colour).endswith("test_item_path.Colour")
    assert describe_refused(object, frozenset({int})) == "an object of type object"
    assert describe_refused(Colour, frozenset({int})) == (
        f"an object of type {describe_type(Colour)} (a subclass of int; only int itself is taken)"
    )
