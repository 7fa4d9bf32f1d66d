"""``run`` and ``smoke``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xnet_conformance.blocking import is_smoke
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.cli.interrupting import interrupts
from xnet_conformance.cli.options import make_testee, testee_options
from xnet_conformance.cli.starting import show_finding
from xnet_conformance.diagnosis import diagnose
from xnet_conformance.errors import CannotStart
from xnet_conformance.profiles import read_profile
from xnet_conformance.reports import FORMATS, Report, write_reports
from xnet_conformance.reports.terminal import Progress, print_smallest, print_summary
from xnet_conformance.results import exit_code
from xnet_conformance.shrinking import shrink
from xnet_conformance.suite_running import run_suite, with_controls
from xnet_conformance.testee import default_profile

if TYPE_CHECKING:
    from xnet_conformance.testee import Testee


@click.command()
@testee_options
@click.option("--profile", help="Which cases count; the default is 1.0-ROLE.")
@click.option("--layer", "layers", multiple=True, help="Only this layer, e.g. channel.")
@click.option(
    "--case", "patterns", multiple=True, help="Only cases that match: an id, may contain *, or a requirement."
)
@click.option("-j", "--jobs", default=3, show_default=True, help="Number of parallel connections.")
@click.option(
    "--maxfail",
    "most_failures",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Stop after this many failures; 0: never.",
)
@click.option("--strict", is_flag=True, help="Count a SHOULD that does not hold as a failure.")
@click.option(
    "--report",
    "formats",
    multiple=True,
    type=click.Choice(sorted(FORMATS)),
    help="Write this report into --out.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("conformance-report")
)
@click.option("--trace", is_flag=True, help="Print the frames of each case that did not pass.")
@click.option(
    "--shrink",
    "shrinks",
    is_flag=True,
    help="Show, for each failure, the smallest conversation that fails in the same way.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only the summary.")
@click.pass_context
def run(context: click.Context, /, **options: Any) -> None:
    """Run the cases of a profile against a testee.

    The smoke cases come first; cases that cannot work without one that did not pass are blocked by it and not
    run, unless --case asks for them. An interrupt ends the run: the results until then are shown and written.
    """
    testee = make_testee(*(options[name] for name in ("testee", "role", "features", "stdio", "fixtures")))
    profile = read_profile(options["profile"] or testee.profile or default_profile(testee.role))
    every = load_cases()
    chosen = select(every, options["patterns"], options["layers"])
    if not options["patterns"]:
        chosen += [case for case in every if is_smoke(case) and case not in chosen]
    cases = with_controls(chosen, every)
    progress = Progress(sum(profile.scores(case) for case in cases), quiet=options["quiet"])
    started = time.monotonic()
    with interrupts() as stop:
        try:
            results = run_suite(
                testee,
                profile,
                cases,
                jobs=options["jobs"],
                scale=options["scale"],
                most_failures=options["most_failures"],
                stop_at_smoke=not options["patterns"],
                stop=stop,
                report=progress.result,
            )
        except CannotStart:
            progress.end()
            _say_why(testee, options["scale"])
            raise
    progress.end()
    report = Report(testee, profile, results, time.monotonic() - started)
    print_summary(report, trace=options["trace"])
    if options["shrinks"]:
        for result in [one for one in results if one.outcome in ("fail", "crash", "timeout")]:
            print_smallest(result, shrink(testee, result, options["scale"]))
    for path in write_reports(report, options["formats"], options["out"]):
        click.echo(f"written: {path}")
    context.exit(exit_code(results, strict=options["strict"]))


def _say_why(testee: Testee, scale: float) -> None:
    """Show what ``doctor`` says about a testee that cannot be tested, up to the first step that fails."""
    for finding in diagnose(testee, scale):
        show_finding(finding)
        if not finding.good:
            return


@click.command()
@testee_options
@click.pass_context
def smoke(context: click.Context, /, **options: Any) -> None:
    """Find out whether the testee can be tested at all: start it, shake hands, run three simple cases."""
    testee = make_testee(*(options[name] for name in ("testee", "role", "features", "stdio", "fixtures")))
    profile = read_profile(testee.profile or default_profile(testee.role))
    cases = [case for case in load_cases() if case.id.startswith("smoke.")]
    results = run_suite(testee, profile, cases, scale=options["scale"])
    print_summary(Report(testee, profile, results, 0.0), trace=True)
    context.exit(exit_code(results))
