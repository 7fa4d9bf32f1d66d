from __future__ import annotations

from pathlib import Path

import pytest

from peers.outcomes import Outcome, count, merge, read_junit

JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest">
<testcase classname="a" name="good" time="0.1"/>
<testcase classname="a" name="bad"><failure message="m">text</failure></testcase>
<testcase classname="a" name="broken"><error message="m">text</error></testcase>
<testcase classname="a" name="left"><skipped type="pytest.skip" message="m">text</skipped></testcase>
<testcase classname="a" name="known"><skipped type="pytest.xfail" message="m"/></testcase>
<testcase classname="a" name="untidy"><system-out>said</system-out></testcase>
<testcase classname="a" name="untidy"><error message="at teardown">text</error></testcase>
</testsuite></testsuites>
"""


def test_every_outcome_of_pytest_is_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    file.write_text(JUNIT)
    assert read_junit(file) == {
        "a::good": "passed",
        "a::bad": "failed",
        "a::broken": "error",
        "a::left": "skipped",
        "a::known": "xfailed",
        "a::untidy": "error",
    }


def test_no_file_is_not_an_empty_suite(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        read_junit(tmp_path / "missing.xml")


@pytest.mark.parametrize(
    ("runs", "outcome"),
    [
        ([{"t": "passed"}], "passed"),
        ([{"t": "failed"}, {"t": "failed"}], "failed"),
        ([{"t": "passed"}, {"t": "failed"}], "flaky"),
        ([{"t": "passed"}, {}], "flaky"),
    ],
)
def test_runs_that_disagree_make_a_test_flaky(runs: list[dict[str, Outcome]], outcome: Outcome) -> None:
    assert merge(runs) == {"t": outcome}


def test_counts_name_every_outcome() -> None:
    assert count(["passed", "failed", "passed"]) == {
        "passed": 2,
        "xfailed": 0,
        "skipped": 0,
        "failed": 1,
        "error": 0,
        "flaky": 0,
    }
