"""One self-contained page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xnet_conformance.reports.report import Report


def write_html(report: Report) -> str:
    """Return the text of the page."""
    return f"<title>{len(report.results)}</title>"
