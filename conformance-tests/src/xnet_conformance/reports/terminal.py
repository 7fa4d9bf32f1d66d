"""The output on a terminal: progress, each failure with its requirement, a table of layers."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from xnet_conformance.blocking import advice_for, is_smoke
from xnet_conformance.case import LAYERS
from xnet_conformance.results import EVALUATED, OUTCOMES, RED, Result, layer_counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xnet_conformance.reports.report import Report

_LOG_LINES: Final = 40


class Progress:
    """A line that counts, on a terminal; nothing elsewhere."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self.total = total
        self.done = 0
        self.counts: Counter[str] = Counter()
        self._shown = sys.stderr.isatty() and not quiet

    def result(self, result: Result) -> None:
        """Count a result."""
        self.done += 1
        self.counts[result.outcome] += 1
        if self._shown:
            bad = sum(self.counts[outcome] for outcome in RED)
            click.echo(
                f"\r{self.done}/{self.total}  {bad} failed  {result.case.id[:50]:50}", nl=False, err=True
            )

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            click.echo("\r" + " " * 90 + "\r", nl=False, err=True)


def printable(text: str) -> str:
    """Return text of a testee as it may be shown: no control sequences, no characters the terminal lacks."""
    shown = "".join(one if one.isprintable() or one in "\n\t" else _escaped(one) for one in text)
    encoding = sys.stdout.encoding or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")


def print_summary(report: Report, *, trace: bool) -> None:
    """Print everything that did not pass, and the table."""
    for result in report.results:
        if result.outcome in RED or result.outcome == "harness-error":
            click.secho(printable(result.explanation(report.repeat_command(result))), fg="red")
            if is_smoke(result.case):
                click.echo(
                    "".join(f"  -> {line}\n" for line in advice_for(result.case).splitlines()), nl=False
                )
            _print_evidence(result, trace)
        elif result.outcome == "nonstrict":
            click.secho(printable(result.explanation()), fg="yellow")
    click.echo(printable(table(report)))
    for line in not_asked(report.results):
        click.echo(printable(line))


def _print_evidence(result: Result, trace: bool) -> None:
    if result.stderr:
        lines = printable(result.stderr).splitlines()[-15:]
        click.echo("  standard error:\n" + "\n".join(f"    {line}" for line in lines))
    if trace:
        _print_frames(result)
    click.echo()


def _print_frames(result: Result) -> None:
    for entry in result.log[-_LOG_LINES:]:
        arrow = {"sent": "-->", "received": "<--"}.get(entry["way"], "   ")
        click.echo(f"  {entry['ms']:9.2f} ms {arrow} {printable(entry['what'][:160])}")


def print_smallest(failed: Result, smallest: Result) -> None:
    """Print the steps that are needed for a failure, and the frames of these alone."""
    count, whole = len(smallest.case.steps), len(failed.case.steps)
    click.echo(f"the smallest conversation that fails like {failed.case.id}: {count} of {whole} steps")
    for step in smallest.case.steps:
        click.echo(f"  - {json.dumps(step, ensure_ascii=False)[:200]}")
    _print_frames(smallest)


def table(report: Report) -> str:
    """Return the table of layers."""
    counts = layer_counts(report.results)
    ran = f"{len(report.results)} cases, {report.seconds:.1f} s"
    lines = [f"{report.testee.name}: profile {report.profile.name}, {ran}"]
    for layer in LAYERS:
        if layer not in report.profile.layers:
            continue
        found = counts.get(layer, Counter())
        evaluated = sum(found[outcome] for outcome in EVALUATED)
        if not evaluated:
            lines.append(f"  {layer:12} not evaluated" + _others(found))
            continue
        mark = "FAILED" if any(found[outcome] for outcome in (*RED, "harness-error")) else "ok"
        lines.append(f"  {layer:12} {mark:6} {found['pass']:4} of {evaluated} passed" + _others(found))
    return "\n".join(lines)


def not_asked(results: Iterable[Result]) -> list[str]:
    """Return what was not tested, by reason: a missing feature, or what blocked or stopped it."""
    counts = Counter(
        (result.outcome, result.message)
        for result in results
        if result.outcome in ("unsupported", "blocked", "not-run")
    )
    rows = sorted(counts.items(), key=lambda row: (row[0][0], -row[1]))
    return ["not tested:"] * bool(rows) + [
        f"  {number:4} {'case' if number == 1 else 'cases'}: {message}" for (_, message), number in rows
    ]


def _others(found: Counter[str]) -> str:
    rest = [f"{found[outcome]} {outcome}" for outcome in OUTCOMES if outcome != "pass" and found[outcome]]
    return f" ({', '.join(rest)})" if rest else ""
