from __future__ import annotations

from xnet_conformance.value_equality import same, same_order
from xnet_conformance.values import parse_value


def dict_of(*pairs: tuple[object, object]) -> object:
    return {"t": "dict", "v": [list(pair) for pair in pairs]}


def test_sets_have_no_order_and_lists_have() -> None:
    one, other = ({"t": "set", "v": [1, 2]}, {"t": "set", "v": [2, 1]})
    assert same(parse_value(one), parse_value(other))
    assert not same(parse_value([1, 2]), parse_value([2, 1]))
    assert not same(parse_value(one), parse_value({"t": "frozenset", "v": [1, 2]}))


def test_dicts_are_the_same_in_any_order_but_their_order_is_seen() -> None:
    one, other = parse_value(dict_of((1, 2), (3, 4))), parse_value(dict_of((3, 4), (1, 2)))
    assert same(one, other)
    assert not same_order(one, other)
    assert same_order(one, one)


def test_what_python_takes_for_the_same_is_not() -> None:
    assert not same(parse_value(1), parse_value(True))
    assert not same(parse_value(dict_of((1, 0))), parse_value(dict_of((True, 0))))
    assert not same(parse_value({"t": "float", "v": "0.0"}), parse_value({"t": "float", "v": "-0.0"}))
    assert same(parse_value({"t": "float", "v": "nan"}), parse_value({"t": "float", "v": "nan"}))
