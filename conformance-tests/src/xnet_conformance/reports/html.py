"""One self-contained page about one run: tiles of layers, requirements, cases with what was on the wire."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import yaml

from xnet_conformance.case import LAYERS
from xnet_conformance.reports.templating import colour_of, colour_of_all, render
from xnet_conformance.results import EVALUATED, OUTCOMES, Result
from xnet_conformance.specification import requirements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xnet_conformance.reports.report import Report

#: What is shown of the wire of a case that is green: how it begins, in short.
_GREEN_ENTRIES: Final = 12
_GREEN_HEX: Final = 32
_ARROWS: Final = {"sent": "\N{RIGHTWARDS ARROW} testee", "received": "\N{LEFTWARDS ARROW} testee"}
#: Cases that the row of a requirement links to.
_LINKED: Final = 12
_MOST_STEPS: Final = 4_000
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")


def write_html(report: Report) -> str:
    """Return the text of the page."""
    counts = Counter(result.outcome for result in report.results)
    return render(
        "report.html",
        testee=report.testee.name,
        role=report.testee.role,
        profile=report.profile.name,
        count=len(report.results),
        seconds=f"{report.seconds:.1f}",
        totals=[(name, counts[name], colour_of(name)) for name in OUTCOMES if counts[name]],
        layers=[_layer(report, name) for name in LAYERS if name in report.profile.layers],
    )


def _layer(report: Report, name: str) -> dict[str, Any]:
    results = [result for result in report.results if result.case.layer == name]
    return {
        "name": name,
        "colour": colour_of_all({result.outcome for result in results}),
        "text": summary(result.outcome for result in results),
        "rules": _rules(results),
        "cases": [_case(report, result) for result in results],
    }


def summary(outcomes: Iterable[str]) -> str:
    """Return how many of those that were evaluated passed."""
    counts = Counter(outcomes)
    evaluated = sum(counts[outcome] for outcome in EVALUATED)
    return f"{counts['pass']} of {evaluated} passed" if evaluated else "not evaluated"


def plain(text: str) -> str:
    """Return a sentence of the specification without its links: their targets are not on the page."""
    return _LINK.sub(r"\1", text)


def _rules(results: list[Result]) -> list[dict[str, Any]]:
    by_rule: dict[str, list[Result]] = {}
    for result in results:
        for id_ in result.case.req:
            by_rule.setdefault(id_, []).append(result)
    rows = []
    for id_, row in requirements().items():
        if id_ not in by_rule:
            continue
        found = sorted(by_rule[id_], key=lambda result: colour_of(result.outcome) == "good")
        colour = colour_of_all({result.outcome for result in found})
        rows.append(
            {
                "id": id_,
                "level": row.level,
                "text": plain(row.text),
                "colour": colour,
                "green": int(colour == "good"),
                "summary": summary(result.outcome for result in found),
                "cases": [result.case.id for result in found[:_LINKED]],
                "more": max(0, len(found) - _LINKED),
                "words": f"{id_} {row.text} {row.level}".lower(),
            }
        )
    return rows


def _case(report: Report, result: Result) -> dict[str, Any]:
    case = result.case
    colour = colour_of(result.outcome)
    facts = [
        ("check", result.check),
        ("what happened", result.message),
        ("expected", result.expected),
        ("actual", result.actual),
        *(("remark", remark) for remark in result.remarks),
        ("control", case.control or ""),
        ("notes", case.notes),
        ("source", case.source),
    ]
    known = requirements()
    return {
        "id": case.id,
        "title": case.title,
        "outcome": result.outcome,
        "colour": colour,
        "green": int(colour == "good"),
        "ms": f"{result.seconds * 1000:.0f}",
        "sentences": [
            {"id": id_, "text": plain(known[id_].text), "file": known[id_].file}
            for id_ in case.req
            if id_ in known
        ],
        "facts": [(name, text) for name, text in facts if text],
        "steps": _steps(case.steps),
        "log": _log(result),
        "stderr": result.stderr if colour != "good" else "",
        "command": report.repeat_command(result),
        "words": f"{case.id} {' '.join(case.req)} {result.outcome} {case.title}".lower(),
    }


class _Dumper(yaml.SafeDumper):
    """Writes repeated values in full: steps are for reading."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _steps(steps: Iterable[Any]) -> str:
    text = yaml.dump(
        [dict(step) for step in steps],
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=110,
        default_flow_style=None,
    )
    return text if len(text) <= _MOST_STEPS else f"{text[:_MOST_STEPS]}\n... ({len(text)} characters)"


def _log(result: Result) -> list[dict[str, str]]:
    entries = result.log
    hex_digits = 2 * 256
    if colour_of(result.outcome) == "good":
        entries, hex_digits = entries[:_GREEN_ENTRIES], _GREEN_HEX
    rows = []
    for entry in entries:
        digits = entry["hex"][:hex_digits]
        cut = " ..." if len(digits) < 2 * entry["bytes"] else ""
        rows.append(
            {
                "ms": f"{entry['ms']:.2f}",
                "arrow": _ARROWS.get(entry["way"], ""),
                "what": entry["what"][:400],
                "hex": " ".join(digits[at : at + 2] for at in range(0, len(digits), 2)) + cut,
            }
        )
    if len(entries) < len(result.log):
        rest = f"... {len(result.log) - len(entries)} more; run the case with --trace ..."
        rows.append({"ms": "", "arrow": "", "what": rest, "hex": ""})
    return rows
