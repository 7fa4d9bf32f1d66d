"""``mutants``: can the suite fail?"""

from __future__ import annotations

import fnmatch
from pathlib import Path

import click

from xnet_conformance.case_files import load_cases
from xnet_conformance.cli.options import make_testee
from xnet_conformance.errors import UsageError
from xnet_conformance.mutation.hunting import HUNTING_SCALE, Verdict, hunt_all
from xnet_conformance.mutation.mutant import WIRE_MUTANTS, read_mutants
from xnet_conformance.results import EXIT_FAILED, EXIT_NOTHING


@click.command()
@click.option(
    "-t", "--testee", help="A command, or a testee's file (.yaml); by default the one that --file names."
)
@click.option("--stdio", type=click.Choice(["pipes", "socket"]), help="The kind of its stdin and stdout.")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, exists=True),
    default=WIRE_MUTANTS,
    help="A file of mutants; by default those that change frames in transit, which work with any testee.",
)
@click.option("--only", "patterns", multiple=True, help="Only mutants that match: an id, may contain *.")
@click.option("-j", "--jobs", default=1, show_default=True, help="Number of parallel mutants.")
@click.option("--timeout-scale", "scale", default=1.0, help="Multiplies all time limits.")
@click.pass_context
def mutants(
    context: click.Context,
    path: Path,
    patterns: tuple[str, ...],
    jobs: int,
    testee: str | None,
    stdio: str | None,
    scale: float,
) -> None:
    """Break a testee in one known way after another: the case that a mutant names must fail."""
    found = read_mutants(path)
    words = testee or (str(found.testee) if found.testee else None)
    if words is None:
        raise UsageError(f"{path.name} names no testee: name one with -t")
    chosen = [
        mutant
        for mutant in found.mutants
        if not patterns or any(fnmatch.fnmatchcase(mutant.id, pattern) for pattern in patterns)
    ]
    if not chosen:
        raise UsageError(f"{path.name} has no mutant that matches {', '.join(patterns) or 'that'}")
    verdicts = hunt_all(
        chosen,
        make_testee(words, None, (), stdio, None),
        load_cases(),
        sources=found.sources,
        jobs=jobs,
        scale=HUNTING_SCALE * scale,
        report=_print,
    )
    judged = [verdict for verdict in verdicts if verdict.evaluated]
    survivors = [verdict for verdict in judged if not verdict.killed]
    click.echo(f"{len(judged) - len(survivors)} of {len(judged)} mutants killed")
    if not judged:
        context.exit(EXIT_NOTHING)
    for verdict in survivors:
        click.echo(f"  {verdict.explanation()}")
    context.exit(EXIT_FAILED if survivors else 0)


def _print(verdict: Verdict) -> None:
    mark = "killed  " if verdict.killed else "SURVIVED" if verdict.evaluated else "no case "
    click.echo(f"{mark} {verdict.mutant.id:44} {verdict.mutant.killed_by:40} {verdict.result.outcome}")
