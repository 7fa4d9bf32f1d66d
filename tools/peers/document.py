"""A comparison as a JSON document, for `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from peers.comparison import Comparison, Difference
from peers.outcomes import count
from peers.suites import Suite


def make_document(
    suite: Suite, comparison: Comparison, seconds: Mapping[str, Sequence[float]], versions: Mapping[str, str]
) -> dict[str, object]:
    """Return everything the report says, and the outcome of every test.

    Args:
        suite: what was run.
        comparison: its outcome.
        seconds: column -> how long each of its runs took.
        versions: what it was run with, name -> version.
    """
    columns = {"execnet": comparison.execnet, "xnet": comparison.xnet}
    return {
        "suite": suite.name,
        "version": suite.version,
        "with": dict(versions),
        "columns": {
            name: {
                "counts": count(outcomes.values()),
                "seconds": [round(value, 3) for value in seconds.get(name, ())],
                "tests": dict(outcomes),
            }
            for name, outcomes in columns.items()
        },
        "regressions": _rows(comparison.regressions, comparison),
        "settled": _rows(comparison.settled, comparison),
        "other_differences": _rows(comparison.other_differences, comparison),
    }


def _rows(differences: Iterable[Difference], comparison: Comparison) -> list[dict[str, object]]:
    return [
        {
            "test": found.test,
            "execnet": found.execnet,
            "xnet": found.xnet,
            "alone": [
                {"execnet": attempt.execnet, "xnet": attempt.xnet}
                for attempt in comparison.repeated.get(found.test, ())
            ],
        }
        for found in differences
    ]
