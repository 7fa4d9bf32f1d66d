from __future__ import annotations

from peers.comparison import Comparison, Difference
from peers.outcomes import Outcome
from peers.report import format_column, format_report, format_verdict
from peers.suites import THIRD_PARTY, XDIST


def compare(execnet: dict[str, Outcome], xnet: dict[str, Outcome]) -> Comparison:
    return Comparison(execnet, xnet)


def test_a_test_lost_on_xnet_is_a_regression() -> None:
    comparison = compare({"a": "passed", "b": "passed"}, {"a": "passed", "b": "failed"})
    assert comparison.regressions == [Difference("b", "passed", "failed")]
    assert format_verdict(comparison) == "1 test that passes with execnet, not with xnet"


def test_a_test_that_is_not_run_or_is_skipped_on_xnet_is_a_regression() -> None:
    comparison = compare({"a": "passed", "b": "passed"}, {"b": "skipped"})
    assert [found.xnet for found in comparison.regressions] == [None, "skipped"]


def test_a_test_that_passes_only_sometimes_on_xnet_is_a_regression() -> None:
    assert compare({"a": "passed"}, {"a": "flaky"}).regressions


def test_what_execnet_does_not_pass_reliably_is_no_regression() -> None:
    comparison = compare({"a": "failed", "b": "flaky", "c": "xfailed"}, {"a": "error", "b": "failed"})
    assert comparison.regressions == []
    assert [found.test for found in comparison.other_differences] == ["a", "b", "c"]


def test_equal_columns_are_said_to_be_equal() -> None:
    assert format_verdict(compare({"a": "passed"}, {"a": "passed"})) == (
        "every test that passes with execnet passes with xnet"
    )


def test_the_report_has_both_columns_and_every_difference() -> None:
    comparison = compare(
        {"good": "passed", "lost": "passed", "won": "failed"},
        {"good": "passed", "lost": "error", "won": "passed"},
    )
    report = format_report(XDIST, comparison, {"execnet": [1.5], "xnet": [1.0, 2.0]}, {"pytest": "8"})
    assert "its own tests (pytest 8)" in report
    lines = [line.split() for line in report.splitlines()]
    assert ["passed", "2", "2"] in lines
    assert ["seconds", "1.5", "1.0,", "2.0"] in lines
    for difference in ("lost: passed with execnet, error with xnet", "won: failed with execnet, passed"):
        assert difference in report


def test_one_column_alone_lists_what_did_not_do_well() -> None:
    report = format_column(THIRD_PARTY["click"], "xnet", {"a": "passed", "b": "failed"}, [3.0])
    assert "  b: failed" in report
    assert "  a: " not in report
