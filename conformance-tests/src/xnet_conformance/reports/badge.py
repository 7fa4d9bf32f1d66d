"""A badge: what shields.io reads from an address (https://shields.io/badges/endpoint-badge)."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from xnet_conformance.results import EVALUATED, EXIT_OK, exit_code

if TYPE_CHECKING:
    from xnet_conformance.reports.report import Report


def write_badge(report: Report) -> str:
    """Return the text of the file: how many of the evaluated cases passed; green only if the run was."""
    counts = Counter(result.outcome for result in report.results)
    evaluated = sum(counts[outcome] for outcome in EVALUATED)
    fields = {
        "schemaVersion": 1,
        "label": f"xnet {report.profile.name}",
        "message": f"{counts['pass']} of {evaluated}" if evaluated else "not evaluated",
        "color": "brightgreen" if exit_code(report.results) == EXIT_OK else "red",
    }
    return json.dumps(fields) + "\n"
