"""The table of results: a row for each way, a column for each interpreter."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import define

from matrix.ways import WAYS
from xnet_gateway.models import EXECMODELS

#: How a model is called in a cell.
LETTERS = {"thread": "t", "main_thread_only": "m", "gevent": "g", "eventlet": "e"}


@define
class Outcome:
    """What became of one way, interpreter and model."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def was_tried(self) -> bool:
        """Whether anything was found out."""
        return self.passed + self.failed > 0


Outcomes = Mapping[tuple[str, str, str], Outcome]


def read_report(path: Path) -> Outcomes:
    """Read what pytest wrote with ``--junitxml``.

    Raises:
        OSError, ParseError: The report does not exist, or is not XML.
    """
    outcomes: dict[tuple[str, str, str], Outcome] = defaultdict(Outcome)
    for case in ET.parse(path).getroot().iter("testcase"):
        _, bracket, rest = case.get("name", "").partition("[")
        words = rest.rstrip("]").split("|")
        if not bracket or len(words) != 3:
            continue  # not one of a cell
        # Other parameters of a test come after the model.
        model = next((name for name in EXECMODELS if words[2] == name or words[2].startswith(f"{name}-")), "")
        outcome = outcomes[words[0], words[1], model]
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
        elif case.find("skipped") is not None:
            outcome.skipped += 1
        else:
            outcome.passed += 1
    return dict(outcomes)


def make_table(outcomes: Outcomes, versions: Sequence[str]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [f"| | {' | '.join(versions)} |", "|---" * (len(versions) + 1) + "|"]
    for way in WAYS:
        cells = [_cell(outcomes, way.name, version) for version in versions]
        lines.append(f"| `{way.name}` | {' | '.join(cells)} |")
    return lines


def _cell(outcomes: Outcomes, way: str, version: str) -> str:
    words = []
    for model in EXECMODELS:
        outcome = outcomes.get((way, version, model))
        if outcome is not None and outcome.was_tried:
            words.append(LETTERS[model] if not outcome.failed else f"**{LETTERS[model]} fails**")
    return " ".join(words) or "-"


def summary(outcomes: Outcomes) -> str:
    """Return the totals in a sentence."""
    tried = [outcome for outcome in outcomes.values() if outcome.was_tried]
    good = [outcome for outcome in tried if not outcome.failed]
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(outcome.failed for outcome in outcomes.values())
    return f"{len(good)} of {len(tried)} combinations do everything; {passed} tests passed, {failed} failed."
