"""The command line of the peer suites."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from devtool.project import pins
from peers.cache import FetchError, fetch, prepare
from peers.columns import COLUMNS, Column, ColumnName, make_column, say
from peers.comparison import Comparison
from peers.document import make_document
from peers.environments import SetUpError
from peers.outcomes import BAD, merge
from peers.repeats import MOST_REPEATED, repeat
from peers.report import format_column, format_report
from peers.runs import Run, RunError
from peers.suites import EXECNET, THIRD_PARTY, XDIST, Suite


def main(argv: list[str]) -> int:
    """Run a suite in both columns; 0 if nothing is lost on xnet, 1 if something is, 2 if it could not run."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.json is not None and options.column is not None:
        parser.error("--json writes a comparison, and with --column nothing is compared: give one of them")
    if options.json is not None and not options.json.absolute().parent.is_dir():
        parser.error(f"--json: the folder {options.json.absolute().parent} does not exist")
    suites = {"xdist-suite": XDIST, "execnet": EXECNET}
    suite = suites.get(options.command) or THIRD_PARTY[options.package]
    try:
        return _run(replace(suite, arguments=(*suite.arguments, *options.pytest_argument)), options)
    except (FetchError, SetUpError, RunError) as error:
        print(f"peers: {suite.name} {suite.version}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="peers",
        description="Test suites of others, run on execnet and on xnet; differences are printed.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    xdist = commands.add_parser("xdist-suite", help="pytest-xdist's own tests")
    execnet = commands.add_parser("execnet", help="execnet's own tests, and why some cannot pass with xnet")
    third_party = commands.add_parser("third-party", help="a package's tests, with -n 4")
    third_party.add_argument("--package", choices=THIRD_PARTY, default="click", help="(default: click)")
    for command in (xdist, execnet, third_party):
        command.add_argument(
            "--repeat", type=_count, default=1, metavar="N", help="runs per column, to find flaky tests"
        )
        command.add_argument("--json", type=Path, metavar="FILE", help="also write the comparison there")
        command.add_argument(
            "--column", choices=("execnet", "xnet"), help="only this one; nothing is compared"
        )
        command.add_argument(
            "--pytest-argument",
            action="append",
            default=[],
            metavar="WORD",
            help="for pytest, such as --pytest-argument=-k --pytest-argument=crash",
        )
    return parser


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"it has to be a number from 1, not {word!r}")
    return int(word)


def _run(suite: Suite, options: argparse.Namespace) -> int:
    cache = prepare()
    archive = fetch(suite, cache)
    columns: dict[ColumnName, Column] = {}
    runs: dict[ColumnName, list[Run]] = {"execnet": [], "xnet": []}
    for name in COLUMNS:
        if options.column in (None, name):
            columns[name] = make_column(name, suite, archive, cache)
            runs[name] = _run_column(columns[name], options.repeat)
    merged = {name: merge(run.outcomes for run in found) for name, found in runs.items()}
    seconds: dict[str, list[float]] = {name: [run.seconds for run in found] for name, found in runs.items()}
    if options.column is not None:
        outcomes = merged[options.column]
        print(format_column(suite, options.column, outcomes, seconds[options.column]))
        return 1 if any(outcome in BAD for outcome in outcomes.values()) else 0
    comparison = Comparison(merged["execnet"], merged["xnet"], reasons=suite.reasons)
    if options.repeat == 1:  # several runs were asked for to see what differs between them
        comparison = _repeat_differences(comparison, columns)
    versions = _versions(suite)
    print(format_report(suite, comparison, seconds, versions))
    if options.json is not None:
        document = make_document(suite, comparison, seconds, versions)
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if comparison.regressions or (suite.has_to_be_equal and comparison.unsettled) else 0


def _run_column(column: Column, repeat: int) -> list[Run]:
    runs = []
    for number in range(1, repeat + 1):
        say(f"{column.suite.name} {column.suite.version}: run {number} of {repeat} on {column.name}")
        runs.append(column.run(number))
    return runs


def _repeat_differences(comparison: Comparison, columns: Mapping[ColumnName, Column]) -> Comparison:
    tests = comparison.to_repeat
    if len(tests) > MOST_REPEATED:
        say(f"{len(tests)} tests differ, more than {MOST_REPEATED}: they are not repeated alone")
    elif tests:
        say(f"repeating alone, on both sides: {', '.join(tests)}")
    repeated = repeat(tests, columns["execnet"].run_alone, columns["xnet"].run_alone)
    return replace(comparison, repeated=repeated)


def _versions(suite: Suite) -> dict[str, str]:
    # execnet is pinned for the whole project, the rest by the suite
    found = dict(pin.split("==") for pin in (*pins(), *suite.requirements))
    names = ("pytest", "pytest-xdist", "execnet")
    return {**{name: found[name] for name in names}, "Python": platform.python_version()}
