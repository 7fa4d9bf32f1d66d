"""``report``: reports of an earlier run, from its JSON lines."""

from __future__ import annotations

from pathlib import Path

import click

from xnet_conformance.case_files import load_cases
from xnet_conformance.reports import FORMATS, write_reports
from xnet_conformance.reports.jsonl import read_jsonl
from xnet_conformance.reports.terminal import print_summary
from xnet_conformance.results import exit_code


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--html", is_flag=True, help="Write report.html, a self-contained page.")
@click.option("--junit", is_flag=True, help="Write junit.xml, for build servers.")
@click.option("--badge", is_flag=True, help="Write badge.json, which shields.io turns into a badge.")
@click.option("--json", is_flag=True, help="Write results.jsonl again.")
@click.option("--trace", is_flag=True, help="Print the frames of each case that did not pass.")
@click.option("--strict", is_flag=True, help="Count a SHOULD that does not hold as a failure.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("conformance-report")
)
@click.pass_context
def report(
    context: click.Context, /, file: Path, out: Path, *, trace: bool, strict: bool, **wanted: bool
) -> None:
    """Make reports of a run from its FILE of JSON lines, as written by `run --report json`.

    Without any report option the summary is printed. Nothing is tested again.

    Exit status: that of the run: 0 no failures, 1 something failed, 3 the suite itself was wrong, 5 nothing
    was evaluated; 2 if the file is not a complete results file.
    """
    found = read_jsonl(file, load_cases())
    formats = [name for name in FORMATS if wanted[name]]
    if not formats or trace:
        print_summary(found, trace=trace)
    for path in write_reports(found, formats, out):
        click.echo(f"written: {path}")
    context.exit(exit_code(found.results, strict=strict))
