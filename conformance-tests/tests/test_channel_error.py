"""What is said of a CHANNEL_CLOSE_ERROR that breaks a rule. Spec: CH-041, CH-047, GR-006."""

from __future__ import annotations

from typing import Any

import pytest

from xnet_conformance.channel_error import channel_error_problem
from xnet_conformance.hello import as_value

RIGHT = {"text": "t", "code": "error"}


@pytest.mark.parametrize(
    "fields",
    [
        RIGHT,
        {**RIGHT, "type": "T", "message": "", "frames": []},
        {**RIGHT, "frames": [["f", 0, ""], ["", 2**64 - 1, "g"]]},
        {**RIGHT, "new": None},
    ],
)
def test_nothing_is_said_of_what_is_right(fields: dict[str, Any]) -> None:
    assert channel_error_problem(as_value(fields)) is None


@pytest.mark.parametrize(
    "fields",
    [
        "t",
        {},
        {"text": "t"},
        {"code": "error"},
        {**RIGHT, "text": None},
        {**RIGHT, "type": 5},
        {**RIGHT, "message": None},
        {**RIGHT, "frames": "f"},
        {**RIGHT, "frames": [["f", 1]]},
        {**RIGHT, "frames": [["f", -1, "g"]]},
        {**RIGHT, "frames": [["f", 2**64, "g"]]},
        {**RIGHT, "frames": [["f", "1", "g"]]},
        {**RIGHT, "frames": [["f", 1, "g"], None]},
    ],
)
def test_ch_041_what_is_no_such_map(fields: Any) -> None:
    problem = channel_error_problem(as_value(fields))
    assert problem is not None
    assert problem[0] == "CH-041"
    assert channel_error_problem(None) == (
        "CH-041",
        "CHANNEL_CLOSE_ERROR whose payload is not a map with text keys",
    )


def test_ch_047_a_code_that_no_rule_names() -> None:
    problem = channel_error_problem(as_value({**RIGHT, "code": "tired"}))
    assert problem == ("CH-047", "CHANNEL_CLOSE_ERROR with the code 'tired', which no rule names")


def test_gr_006_a_request_that_came_too_late() -> None:
    assert channel_error_problem(as_value({**RIGHT, "code": "terminating"}), late=True) is None
    problem = channel_error_problem(as_value(RIGHT), late=True)
    assert problem == ("GR-006", "a request after GATEWAY_TERMINATE was answered with the code 'error'")
