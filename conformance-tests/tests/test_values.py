from __future__ import annotations

import pytest

from xnet_conformance.errors import CaseError
from xnet_conformance.values import (
    NAN_BYTES,
    Value,
    describe,
    format_shallow,
    format_value,
    parse_answer,
    parse_float,
    parse_value,
)


def test_plain_data_is_itself() -> None:
    assert parse_value(5) == Value("int", 5)
    assert parse_value(True) == Value("bool", True)
    assert parse_value("a") == Value("str", "a")
    assert parse_value([None]) == Value("list", (Value("null", None),))


def test_scalars_that_json_would_lose() -> None:
    assert parse_value({"t": "int", "v": "-18446744073709551617"}).content == -(2**64) - 1
    assert parse_value({"t": "float", "v": "8000000000000000"}).content == bytes.fromhex("8000000000000000")
    assert parse_value({"t": "bytes", "v": "00ff"}).content == b"\0\xff"
    odd: object = {"t": "surrogates", "v": "eda080"}
    assert parse_value(odd) == Value("surrogates", b"\xed\xa0\x80")
    assert format_value(parse_value(odd)) == odd
    assert describe(parse_value(odd)) == "surrogates 'eda080'"


def test_values_that_python_takes_for_one_are_two() -> None:
    assert parse_value(1) != parse_value(True)
    assert parse_value({"t": "float", "v": "0.0"}) != parse_value({"t": "float", "v": "-0.0"})
    assert parse_value({"t": "float", "v": "1.0"}) != parse_value(1)


def test_all_nans_are_one() -> None:
    assert parse_float("nan") == parse_float("7ff8000000000001") == NAN_BYTES


def test_large_values_are_described() -> None:
    assert parse_value({"t": "bytes", "fill": "61", "n": 3}).content == b"aaa"
    assert parse_value({"t": "nest", "n": 3}) == parse_value([[[]]])
    assert len(parse_value({"t": "list", "of": 0, "n": 1000}).content) == 1000


def test_what_is_in_many_containers_is_described() -> None:
    value = parse_value(5)
    for _ in range(300):
        value = Value("tuple", (value,))
    shallow = format_shallow(value)
    assert shallow == {"t": "nest", "kind": "tuple", "n": 300, "inside": {"t": "int", "v": "5"}}
    assert parse_value(shallow) == value
    value = Value("dict", ())
    for _ in range(300):
        value = Value("dict", ((parse_value("k"), value),))
    shallow = format_shallow(value)
    assert shallow == {"t": "nest", "kind": "dict", "n": 301, "key": {"t": "str", "v": "k"}}
    assert parse_value(shallow) == value
    assert format_shallow(parse_value([[1]])) == format_value(parse_value([[1]]))


@pytest.mark.parametrize(
    "tagged",
    [
        1.5,
        {},
        {"v": 1},
        {"t": "mystery", "v": 1},
        {"t": "str"},
        {"t": "set", "n": 1},
        {"t": "float", "v": "x"},
        {"t": "int", "v": "x"},
        {"t": "int", "v": [1]},
        {"t": "str", "v": 5},
        {"t": "bytes", "v": "0"},
        {"t": "complex", "v": ["1"]},
        {"t": "dict", "v": [[1]]},
        {"t": "list", "v": 5},
    ],
)
def test_what_is_not_in_the_notation_is_a_mistake_of_the_case(tagged: object) -> None:
    with pytest.raises(CaseError):
        parse_value(tagged)


def test_values_are_shown_shortened() -> None:
    assert describe(parse_value({"t": "dict", "v": [["a", [1, None]]]})) == "{'a': [1, null]}"
    assert len(describe(parse_value({"t": "list", "of": "text", "n": 5000}))) <= 220
    assert "bits" in describe(Value("int", 1 << 5000))


def test_no_depth_is_too_much_to_compare_or_to_show() -> None:
    one, other = (parse_value({"t": "nest", "kind": "tuple", "n": 100_000, "inside": text}) for text in "ab")
    assert one != other
    assert one == parse_value({"t": "nest", "kind": "tuple", "n": 100_000, "inside": "a"})
    assert describe(one) == "tuple(" * 16 + "..." + ")" * 16


def test_an_answer_describes_nothing_that_we_would_have_to_make() -> None:
    assert parse_answer([{"t": "int", "v": "5"}]) == parse_value([5])
    for described in ({"t": "bytes", "n": 10**15}, [{"t": "dict", "v": [[1, {"t": "str", "n": 10**15}]]}]):
        with pytest.raises(CaseError, match="is not a tagged value"):
            parse_answer(described)


def test_an_answer_that_is_nested_without_end_is_none() -> None:
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(CaseError, match="nested too deeply"):
        parse_answer(deep)
