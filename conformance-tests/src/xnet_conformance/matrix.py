"""Several testees side by side: what was found, as data, and as a table in Markdown.

The data is small enough to be kept in a repository: an outcome for each case, nothing of the wire.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance import __version__
from xnet_conformance.case import LAYERS
from xnet_conformance.errors import UsageError
from xnet_conformance.results import EVALUATED, RED
from xnet_conformance.specification import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from xnet_conformance.profiles import Profile
    from xnet_conformance.results import Result
    from xnet_conformance.testee import Testee

_FORMAT: Final = 1


@attrs.frozen
class Column:
    """What was found of one testee.

    Attributes:
        problem: Why nothing was tested, if so.
        outcomes: By layer, by case.
    """

    name: str
    role: str
    profile: str
    seconds: float = 0.0
    problem: str = ""
    outcomes: dict[str, dict[str, str]] = attrs.Factory(dict)

    def cell(self, layer: str) -> str:
        """Return what one layer amounts to, in a few characters."""
        counts = Counter(self.outcomes.get(layer, {}).values())
        evaluated = sum(counts[outcome] for outcome in EVALUATED)
        if self.problem or not evaluated:
            return "not evaluated"
        text = f"{counts['pass']} of {evaluated}"
        bad = sum(counts[outcome] for outcome in RED)
        return f"{text}, {bad} bad" if bad else text

    def found(self, case_id: str) -> str | None:
        """Return the outcome of a case, or None if the testee was not asked."""
        return next((cases[case_id] for cases in self.outcomes.values() if case_id in cases), None)


def column(testee: Testee, profile: Profile, results: Iterable[Result], seconds: float) -> Column:
    """Return the column of one run."""
    outcomes: dict[str, dict[str, str]] = {}
    for result in results:
        outcomes.setdefault(result.case.layer, {})[result.case.id] = result.outcome
    return Column(testee.name, testee.role, profile.name, round(seconds, 1), "", outcomes)


def write_matrix(columns: Iterable[Column]) -> str:
    """Return the text of the file: JSON, a line for each layer of a testee."""
    rows = [attrs.asdict(one) for one in columns]
    head = {"format": _FORMAT, "suite": __version__, "spec": VERSION}
    # By outcome, since nearly all cases pass: that keeps the file small and its differences readable.
    for row in rows:
        row["outcomes"] = {layer: _by_outcome(cases) for layer, cases in row["outcomes"].items()}
    return json.dumps({**head, "testees": rows}, indent=1, ensure_ascii=False) + "\n"


def _by_outcome(cases: dict[str, str]) -> dict[str, str]:
    grouped: dict[str, list[str]] = {}
    for case_id, outcome in sorted(cases.items()):
        grouped.setdefault(outcome, []).append(case_id)
    return {outcome: " ".join(ids) for outcome, ids in sorted(grouped.items())}


def read_matrix(path: Path) -> list[Column]:
    """Return the columns of a file.

    Raises:
        UsageError: It is none.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["format"] != _FORMAT:
            raise UsageError(f"{path} has the format {raw['format']}, expected {_FORMAT}")
        return [_column(row) for row in raw["testees"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a matrix written by this suite: {error!r}") from None


def _column(row: dict[str, Any]) -> Column:
    outcomes = {
        layer: {case_id: outcome for outcome, ids in groups.items() for case_id in ids.split()}
        for layer, groups in row["outcomes"].items()
    }
    return Column(**{**row, "outcomes": outcomes})


def markdown(columns: Iterable[Column]) -> str:
    """Return a table for a README: testees down, layers across."""
    lines = [
        "| testee | profile | " + " | ".join(LAYERS) + " |",
        "|---|---|" + "---|" * len(LAYERS),
    ]
    for one in columns:
        cells = [one.problem or one.cell(layer) for layer in LAYERS]
        lines.append(f"| {one.name} | {one.profile} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
