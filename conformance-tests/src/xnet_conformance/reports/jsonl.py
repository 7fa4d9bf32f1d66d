"""JSON lines: a header, a line for each case, a footer. Every other report can be made from it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from xnet_conformance import __version__
from xnet_conformance.results import exit_code
from xnet_conformance.specification import VERSION

if TYPE_CHECKING:
    from xnet_conformance.reports.report import Report


def rows(report: Report) -> list[dict[str, Any]]:
    """Return the lines as data."""
    testee = report.testee
    header = {
        "kind": "header",
        "suite": __version__,
        "spec": VERSION,
        "testee": testee.name,
        "role": testee.role,
        "profile": report.profile.name,
    }
    footer = {
        "kind": "footer",
        "counts": dict(Counter(result.outcome for result in report.results)),
        "seconds": round(report.seconds, 2),
        "exit": exit_code(report.results),
    }
    return [header, *(result.as_json() for result in report.results), footer]


def write_jsonl(report: Report) -> str:
    """Return the text of the file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(report))
