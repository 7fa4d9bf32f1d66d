"""The command line of the peer suites."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from peers.cache import CACHE, FetchError, fetch, prepare, unpack
from peers.comparison import Comparison
from peers.environments import SetUpError, make_execnet_environment, make_xnet_environment
from peers.outcomes import BAD, merge
from peers.report import format_column, format_report
from peers.runs import Run, RunError, run_suite
from peers.suites import THIRD_PARTY, XDIST, Suite


def main(argv: list[str]) -> int:
    """Run a suite in both columns; 0 if nothing is lost on xnet, 1 if something is, 2 if it could not run."""
    options = _parser().parse_args(argv)
    if options.command == "xdist-suite":
        suite = replace(XDIST, apart=None) if options.count_rsync else XDIST
    else:
        suite = THIRD_PARTY[options.package]
    try:
        return _compare(suite, options.repeat, options.column, options.pytest_argument)
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
    xdist.add_argument("--count-rsync", action="store_true", help="tests about rsync count like all others")
    third_party = commands.add_parser("third-party", help="a package's tests, with -n 4")
    third_party.add_argument("--package", choices=THIRD_PARTY, default="click", help="(default: click)")
    for command in (xdist, third_party):
        command.add_argument(
            "--repeat", type=int, default=1, metavar="N", help="runs per column, to find flaky tests"
        )
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


def _compare(suite: Suite, repeat: int, only: str | None, arguments: list[str]) -> int:
    suite = replace(suite, arguments=(*suite.arguments, *arguments))
    cache = prepare()
    archive = fetch(suite, cache)
    runs: dict[str, list[Run]] = {"execnet": [], "xnet": []}
    for name, column_runs in runs.items():
        if only in (None, name):
            column_runs += _run_column(suite, name, archive, max(repeat, 1))
    merged = {name: merge(run.outcomes for run in found) for name, found in runs.items()}
    seconds = {name: [run.seconds for run in found] for name, found in runs.items()}
    if only is not None:
        print(format_column(suite, only, merged[only], seconds[only]))
        return 1 if any(outcome in BAD for outcome in merged[only].values()) else 0
    comparison = Comparison(merged["execnet"], merged["xnet"], suite.is_apart)
    print(format_report(suite, comparison, seconds, _versions(suite)))
    return 1 if comparison.regressions or (suite.has_to_be_equal and comparison.differences) else 0


def _run_column(suite: Suite, name: str, archive: Path, repeat: int) -> list[Run]:
    make: Callable[[Suite, Path], Path] = (
        make_execnet_environment if name == "execnet" else make_xnet_environment
    )
    _say(f"{suite.name} {suite.version}: making the environment with {name}")
    python = make(suite, CACHE / "environments" / f"{suite.name}-{name}")
    plugins = () if name == "execnet" else ("xnet.xdist", *suite.plugins_on_xnet)
    runs = []
    for number in range(1, repeat + 1):
        _say(f"{suite.name} {suite.version}: run {number} of {repeat} on {name}")
        place = f"{suite.name}-{name}-{number}"
        tree = unpack(archive, CACHE / "trees" / place)
        runs.append(run_suite(suite, python, tree, CACHE / "results" / place, plugins))
    return runs


def _versions(suite: Suite) -> str:
    pins = dict(pin.split("==") for pin in suite.requirements)
    return f"pytest {pins['pytest']}, pytest-xdist {pins['pytest-xdist']}, Python {platform.python_version()}"


def _say(text: str) -> None:
    print(f"peers: {text}", file=sys.stderr, flush=True)
