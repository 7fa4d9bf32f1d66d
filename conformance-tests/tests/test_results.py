from __future__ import annotations

import pytest

from xnet_conformance.case import Case
from xnet_conformance.results import EVALUATED, OUTCOMES, RED, Result, apply_controls, exit_code


def result(outcome: str, id_: str = "a.b", control: str | None = None) -> Result:
    return Result(Case(id=id_, layer="flow", req=("FC-001",), steps=(), control=control), outcome)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["pass"], 0), (["pass", "unsupported", "skipped", "xfail"], 0), (["nonstrict"], 0), ([], 5),
        (["unsupported", "skipped"], 5),
        (["pass", "not-run"], 130), (["fail", "not-run"], 1), (["pass", "fail"], 1),
        (["pass", "crash"], 1), (["pass", "timeout"], 1),
        (["pass", "untestable"], 1), (["pass", "missing-feature"], 1), (["pass", "xpass"], 1),
        (["fail", "harness-error"], 3),
    ],
)  # fmt: skip
def test_exit_statuses(outcomes: list[str], status: int) -> None:
    assert exit_code([result(outcome) for outcome in outcomes]) == status


def test_a_should_counts_if_one_is_strict() -> None:
    assert exit_code([result("nonstrict")], strict=True) == 1


def test_every_outcome_is_red_or_not_and_nothing_else_is() -> None:
    assert set(OUTCOMES) >= RED | EVALUATED


@pytest.mark.parametrize(
    ("control", "outcome"),
    [("pass", "pass"), ("nonstrict", "pass"), ("fail", "untestable"), ("unsupported", "unsupported")],
)
def test_who_refuses_everything_passes_nothing(control: str, outcome: str) -> None:
    negative = result("pass", "n.n", control="c.c")
    apply_controls([negative, result(control, "c.c")])
    assert negative.outcome == outcome


def test_an_explanation_has_the_sentence_and_the_command() -> None:
    failed = result("fail")
    failed.message, failed.expected, failed.actual = "it is wrong", "5", "6"
    text = failed.explanation("xnet-conformance run")
    for words in ("FAIL a.b", "it is wrong", "FC-001 (", "expected: 5", "actual:   6", "again:    xnet-conf"):
        assert words in text
