"""Pages and colours."""

from __future__ import annotations

import jinja2
import pytest

from xnet_conformance.reports.templating import colour_of, colour_of_all, render
from xnet_conformance.results import OUTCOMES, RED


def test_every_outcome_has_a_colour_and_red_ones_are_red() -> None:
    assert {outcome for outcome in OUTCOMES if colour_of(outcome) == "bad"} == {*RED, "harness-error"}
    assert colour_of("pass") == "good"
    assert colour_of("unsupported") == "none"


def test_the_worst_decides() -> None:
    assert colour_of_all({"pass", "fail"}) == "bad"
    assert colour_of_all({"pass", "nonstrict"}) == "warn"
    assert colour_of_all({"pass", "unsupported"}) == "good"
    assert colour_of_all({"unsupported"}) == colour_of_all(set()) == "none"


def test_a_name_that_is_missing_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("report.html")
