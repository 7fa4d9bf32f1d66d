"""Tests that cannot pass with xnet are listed with their reason, in the report and in the guide."""

from __future__ import annotations

from check.tree import ROOT
from peers.comparison import Comparison
from peers.reasons import EXECNET, reason_of
from peers.report import format_report, format_verdict
from peers.suites import Suite

REASONS = {"makes parts": ("testing.test_a::test_one",), "looks inside": ("testing.test_a::test_two",)}


def test_what_has_a_reason_does_not_count_and_is_listed() -> None:
    passed = {"testing.test_a::test_one[a]": "passed", "testing.test_a::test_one[b]": "passed"}
    comparison = Comparison(
        {**passed, "testing.test_a::test_three": "passed"},  # type: ignore[dict-item]
        {**dict.fromkeys(passed, "failed"), "testing.test_a::test_three": "passed"},
        reasons=REASONS,
    )
    assert not comparison.regressions
    assert not comparison.to_repeat
    text = format_report(Suite("small", "1", (), "tests", reasons=REASONS), comparison, {}, {})
    assert "2 pass with execnet and cannot with xnet, because the test\n  makes parts (2):\n" in text
    assert "    testing.test_a::test_one, 2 times\n  looks inside (0):\n" in text
    assert format_verdict(comparison) == "every other test that passes with execnet passes with xnet"


def test_what_has_no_reason_counts() -> None:
    comparison = Comparison(
        {"testing.test_a::test_three": "passed", "testing.test_a::test_two": "failed"},
        {"testing.test_a::test_three": "failed", "testing.test_a::test_two": "passed"},
        reasons=REASONS,
    )
    assert [found.test for found in comparison.regressions] == ["testing.test_a::test_three"]
    assert comparison.to_repeat == ["testing.test_a::test_three", "testing.test_a::test_two"]


def test_each_test_has_one_reason() -> None:
    every = [test for tests in EXECNET.values() for test in tests]
    assert len(every) == len(set(every))
    assert reason_of(f"{every[0]}[thread]", EXECNET) == next(iter(EXECNET))
    assert reason_of("testing.test_basics::test_errors_on_execnet", EXECNET) is None


def test_the_guide_has_the_reasons() -> None:
    guide = " ".join((ROOT / "docs/migrating-from-execnet.md").read_text(encoding="utf-8").split())
    for reason in EXECNET:
        assert reason in guide, reason
