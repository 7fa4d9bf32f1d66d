from __future__ import annotations

from typing import Any

import pytest

from xnet_conformance.errors import CaseError
from xnet_conformance.matching import mismatch, resolve
from xnet_conformance.values import Value, parse_value

DICT = {"t": "dict", "v": [["a", 1], ["b", "text"]]}


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (5, 5), ({"any": True}, None), ({"any": "int"}, 5), ({"contains": "ex"}, "text"),
        ({"contains": ["t", "x"]}, "text"), ({"not_contains": "y"}, "text"), ({"at_least": 5}, 5),
        ({"at_most": 5}, 5), ({"at_least": 1, "at_most": 9}, 5), ({"has": {"a": 1}}, DICT),
        ({"items": [1, {"any": "str"}]}, [1, "x"]), ({"one_of": [1, 2]}, 2), ("$known", 7),
    ],
)  # fmt: skip
def test_what_matches(pattern: Any, value: Any) -> None:
    assert mismatch(pattern, parse_value(value), {"known": 7}) is None


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (5, 6), (1, True), ({"any": "int"}, "5"), ({"contains": "y"}, "text"),
        ({"contains": ["t", "y"]}, "text"),
        ({"not_contains": "x"}, "text"), ({"at_least": 6}, 5), ({"at_most": 4}, 5), ({"at_least": 0}, "5"),
        ({"has": {"a": 2}}, DICT), ({"has": {"c": 1}}, DICT), ({"has": {"a": 1}}, [1]),
        ({"items": [1]}, [1, 2]),
        ({"items": [1]}, 1), ({"one_of": [1, 2]}, 3), ("$known", 8),
    ],
)  # fmt: skip
def test_what_does_not(pattern: Any, value: Any) -> None:
    assert mismatch(pattern, parse_value(value), {"known": 7})


def test_no_value_matches_nothing() -> None:
    assert mismatch({"any": True}, None, {}) == "there is no value"


def test_what_matched_is_remembered() -> None:
    bindings: dict[str, Any] = {}
    assert mismatch({"bind": "b", "any": "channel"}, Value("channel", 4), bindings) is None
    assert bindings == {"b": 4}
    assert mismatch({"t": "channel", "v": "b"}, Value("channel", 4), bindings) is None
    assert mismatch({"t": "channel", "v": "b"}, Value("channel", 6), bindings)


def test_what_does_not_match_is_not_remembered() -> None:
    bindings: dict[str, Any] = {}
    assert mismatch({"bind": "b", "any": "channel"}, Value("int", 4), bindings)
    assert bindings == {}


def test_names_that_mean_nothing_are_mistakes_of_the_case() -> None:
    with pytest.raises(CaseError, match="nothing is stored as"):
        mismatch("$x", parse_value(1), {})
    with pytest.raises(CaseError, match="channel 'x' does not exist"):
        resolve(Value("channel", "x"), {})
    assert resolve(Value("channel", "x"), {}, lambda name: 9) == Value("channel", 9)


def test_holds_looks_into_bytes() -> None:
    bytes_ = parse_value({"t": "bytes", "v": "a167666f6c6c6f7773f5"})
    assert mismatch({"holds": {"has": {"follows": True}}}, bytes_, {}) is None
    assert "expected" in str(mismatch({"holds": {"has": {"follows": False}}}, bytes_, {}))
    assert "expected bytes, got" in str(mismatch({"holds": 1}, parse_value(1), {}))
    assert "do not encode a value" in str(mismatch({"holds": 1}, parse_value({"t": "bytes", "v": "a1"}), {}))
