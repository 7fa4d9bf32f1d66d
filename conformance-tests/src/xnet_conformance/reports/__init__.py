"""Reports: all are made from the same results, and JSON lines are the master."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xnet_conformance.reports.badge import write_badge
from xnet_conformance.reports.html import write_html
from xnet_conformance.reports.jsonl import write_jsonl
from xnet_conformance.reports.junit import write_junit
from xnet_conformance.reports.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

#: Format -> (name of the file, what writes its text).
FORMATS: Final[dict[str, tuple[str, Callable[[Report], str]]]] = {
    "json": ("results.jsonl", write_jsonl),
    "junit": ("junit.xml", write_junit),
    "html": ("report.html", write_html),
    "badge": ("badge.json", write_badge),
}

__all__ = ["FORMATS", "Report", "write_reports"]


def write_reports(report: Report, formats: Iterable[str], folder: Path) -> list[Path]:
    """Write reports and return where they are."""
    written = []
    for name in formats:
        file, write = FORMATS[name]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(write(report), encoding="utf-8", errors="backslashreplace")
        written.append(folder / file)
    return written
