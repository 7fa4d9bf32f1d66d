"""What became of each test, read from the JUnit file that pytest writes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, cast

Outcome = Literal["passed", "xfailed", "skipped", "error", "failed", "flaky"]
# A test may have two entries, one for its call and one for an error while it was cleaned up: the later word
# in this list is the one that counts.
OUTCOMES: Final[tuple[Outcome, ...]] = ("passed", "xfailed", "skipped", "failed", "error", "flaky")

BAD: Final[tuple[Outcome, ...]] = ("failed", "error", "flaky")


def read_junit(path: Path) -> dict[str, Outcome]:
    """Return test id -> outcome.

    Raises:
        OSError: the file does not exist: pytest did not get to its end.
        xml.etree.ElementTree.ParseError: it is not complete.
    """
    outcomes: dict[str, Outcome] = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        test = f"{case.get('classname', '')}::{case.get('name', '')}"
        outcomes[test] = _worst(_outcome(case), outcomes.get(test, "passed"))
    return outcomes


def _outcome(case: ET.Element) -> Outcome:
    for child in case:
        if child.tag == "skipped":
            return "xfailed" if child.get("type") == "pytest.xfail" else "skipped"
        if child.tag in ("failure", "error"):
            return "failed" if child.tag == "failure" else "error"
    return "passed"


def _worst(one: Outcome, other: Outcome) -> Outcome:
    return max(one, other, key=OUTCOMES.index)


def merge(runs: Iterable[Mapping[str, Outcome]]) -> dict[str, Outcome]:
    """Return one outcome per test over several runs: `flaky` where they differ or one lacks the test."""
    every = list(runs)
    merged: dict[str, Outcome] = {}
    for test in sorted({test for run in every for test in run}):
        seen = {run.get(test) for run in every}
        merged[test] = cast("Outcome", seen.pop()) if len(seen) == 1 else "flaky"
    return merged


def count(outcomes: Iterable[Outcome]) -> dict[Outcome, int]:
    """Return how often each outcome occurs, in the order of a report."""
    every = list(outcomes)
    return {outcome: every.count(outcome) for outcome in OUTCOMES}
