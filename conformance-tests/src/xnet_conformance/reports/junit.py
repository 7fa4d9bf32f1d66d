"""JUnit's XML, which build servers read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from xnet_conformance.results import RED, Result

if TYPE_CHECKING:
    from xnet_conformance.reports.report import Report

_SKIPPED: Final = frozenset({"unsupported", "skipped", "blocked", "not-run", "xfail"})
#: XML 1.0 has no form for these, quoted or not.
_IMPOSSIBLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Report) -> str:
    """Return the text of the file: a suite for each layer."""
    layers: dict[str, list[Result]] = {}
    for result in report.results:
        layers.setdefault(result.case.layer, []).append(result)
    suites = "".join(_suite(report, layer, results) for layer, results in layers.items())
    name = quoteattr(_IMPOSSIBLE.sub("?", report.testee.name))
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name={name}>\n{suites}</testsuites>\n'


def _suite(report: Report, layer: str, results: list[Result]) -> str:
    failures = sum(result.outcome in RED for result in results)
    errors = sum(result.outcome == "harness-error" for result in results)
    skipped = sum(result.outcome in _SKIPPED for result in results)
    cases = "".join(_case(report, result) for result in results)
    return (
        f'<testsuite name={quoteattr(layer)} tests="{len(results)}" failures="{failures}" errors="{errors}" '
        f'skipped="{skipped}" time="{sum(result.seconds for result in results):.3f}">\n{cases}</testsuite>\n'
    )


def _case(report: Report, result: Result) -> str:
    names = f"classname={quoteattr(result.case.layer)} name={quoteattr(result.case.id)}"
    head = f'<testcase {names} time="{result.seconds:.3f}"'
    text = _IMPOSSIBLE.sub("?", result.explanation(report.repeat_command(result)))
    message = quoteattr(_IMPOSSIBLE.sub("?", result.message))
    if result.outcome in RED:
        kind = quoteattr(result.outcome)
        return f"{head}><failure message={message} type={kind}>{escape(text)}</failure></testcase>\n"
    if result.outcome == "harness-error":
        return f"{head}><error message={message}>{escape(text)}</error></testcase>\n"
    if result.outcome in _SKIPPED:
        return f"{head}><skipped message={message}/></testcase>\n"
    return f"{head}/>\n"
