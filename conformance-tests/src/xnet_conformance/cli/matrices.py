"""``matrix``: test several testees, or show earlier results again; ``export``: the suite as one file."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from xnet_conformance.bundle import make_bundle
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import CannotStart, UsageError
from xnet_conformance.matrix import Column, column, markdown, read_matrix, write_matrix
from xnet_conformance.profiles import read_profile
from xnet_conformance.reports.matrix_page import write_matrix_page
from xnet_conformance.results import EXIT_FAILED, EXIT_NOTHING, EXIT_OK, RED
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import default_profile, read_testee


@click.command()
@click.option(
    "-t", "--testee", "files", multiple=True, type=click.Path(path_type=Path), help="A testee's file."
)
@click.option(
    "--from", "source", type=click.Path(path_type=Path), help="Show the results in this file; test nothing."
)
@click.option("-j", "--jobs", default=3, show_default=True, help="Number of parallel connections.")
@click.option("--scale", default=1.0, show_default=True, help="Multiplies all time limits.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Write the page and its data there."
)
@click.pass_context
def matrix(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    source: Path | None,
    jobs: int,
    scale: float,
    out: Path | None,
) -> None:
    """Test several testees and show them side by side.

    Exit status: 0 if nothing failed and each testee was tested, 1 if something failed, 5 if one could not be
    tested.
    """
    if (source is None) == (not files):
        raise UsageError("matrix needs testees (-t FILE, once for each) or earlier results (--from FILE)")
    columns = read_matrix(source) if source is not None else [_judge(file, jobs, scale) for file in files]
    click.echo(markdown(columns), nl=False)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "matrix.json").write_text(write_matrix(columns), encoding="utf-8")
        (out / "matrix.html").write_text(write_matrix_page(columns, load_cases()), encoding="utf-8")
        click.echo(f"written: {out / 'matrix.json'}, {out / 'matrix.html'}", err=True)
    context.exit(_status(columns))


def _judge(file: Path, jobs: int, scale: float) -> Column:
    testee = read_testee(file)
    profile = read_profile(testee.profile or default_profile(testee.role))
    click.echo(f"{testee.name} ...", err=True)
    started = time.monotonic()
    try:
        results = run_suite(testee, profile, load_cases(), jobs=jobs, scale=scale)
    except CannotStart as error:
        return Column(
            testee.name, testee.role, profile.name, problem=f"did not start: {error}".splitlines()[0]
        )
    return column(testee, profile, results, time.monotonic() - started)


def _status(columns: list[Column]) -> int:
    outcomes = {outcome for one in columns for cases in one.outcomes.values() for outcome in cases.values()}
    if outcomes & RED:
        return EXIT_FAILED
    return EXIT_NOTHING if any(one.problem for one in columns) or not outcomes else EXIT_OK


@click.command()
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file instead of standard output.",
)
def export(out: Path | None) -> None:
    """Write the suite as one JSON file, for other runners.

    It contains the cases, the requirements they test, the fixtures, the specification's tables, and a JSON
    Schema of all that.
    """
    bundle = make_bundle()
    text = json.dumps(bundle, indent=1, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"written: {out}, {len(bundle['cases'])} cases", err=True)
