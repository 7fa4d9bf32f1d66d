"""The command line of the measurements."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import machine, table
from bench.catalogue import CASES
from bench.document import DocumentError, update
from bench.measures import IMPLEMENTATIONS, Case
from bench.results import Row, Samples, make_rows
from bench.runner import run_cases

LEAST_ROUNDS = 5


def main(argv: list[str]) -> int:
    """Measure, print the table, and return 0 unless something could not be measured (1) or was misused (2).

    A missed aim is a result, not a failure; with `--strict` it is one.
    """
    options = _parser().parse_args(argv)
    cases = [case for case in CASES if not options.only or case.name in options.only]
    implementations = options.implementation or IMPLEMENTATIONS
    rounds = options.rounds or (1 if options.quick else LEAST_ROUNDS)
    description = machine.describe()
    started = time.monotonic()
    samples = run_cases(cases, implementations, rounds, options.quick, _say)
    rows = make_rows(cases, samples)
    method = _method(rounds, options.quick, time.monotonic() - started, description)
    _print(rows, samples, method)
    if options.json:
        Path(options.json).write_text(_as_json(cases, samples, rows, description, rounds), encoding="utf-8")
    if options.markdown:
        try:
            _write_markdown(options.markdown, rows, method)
        except (DocumentError, OSError) as error:
            print(f"bench: {options.markdown}: {error}", file=sys.stderr)
            return 2
    if samples.failures:
        return 1
    return 1 if options.strict and not all(met for row in rows for met in row.verdicts) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Compares xnet with the installed execnet and with multiprocessing.Pipe (spawn).",
        epilog="cases: " + ", ".join(case.name for case in CASES),
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[case.name for case in CASES],
        metavar="CASE",
        help="run this case; may be given again",
    )
    parser.add_argument(
        "--implementation",
        action="append",
        choices=IMPLEMENTATIONS,
        metavar="NAME",
        help=f"measure this column; may be given again: {', '.join(IMPLEMENTATIONS)}",
    )
    parser.add_argument(
        "--rounds", type=_positive, metavar="N", help=f"rounds per case ({LEAST_ROUNDS} if not given)"
    )
    parser.add_argument("--quick", action="store_true", help="one small round: does everything run?")
    parser.add_argument("--strict", action="store_true", help="a missed aim makes the exit status 1")
    parser.add_argument("--json", metavar="FILE", help="write every sample, the medians and ratios")
    parser.add_argument(
        "--markdown", metavar="FILE", help="put the table between the marks of this document; - prints it"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} rounds cannot be measured; at least 1")
    return number


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _method(rounds: int, quick: bool, elapsed_s: float, description: dict[str, str]) -> str:
    what = "quick look with small amounts, not for comparison" if quick else f"medians of {rounds} rounds"
    few = "" if quick or rounds >= LEAST_ROUNDS else f" (fewer than {LEAST_ROUNDS}: noise is not excluded)"
    return f"{what}{few}; {machine.format_description(description)}; {elapsed_s:.0f} s in all"


def _print(rows: Sequence[Row], samples: Samples, method: str) -> None:
    print(table.format_text(rows))
    print()
    print(table.format_summary(rows))
    print(method)
    for failure in samples.failures:
        print(f"FAILED: {failure}")


def _write_markdown(name: str, rows: Sequence[Row], method: str) -> None:
    text = f"{table.format_markdown(rows)}\n\n{table.format_summary(rows)}.\nMeasured: {method}.\n"
    if name == "-":
        print(text)
    else:
        update(Path(name), text)


def _as_json(
    cases: Sequence[Case],
    samples: Samples,
    rows: Sequence[Row],
    description: dict[str, str],
    rounds: int,
) -> str:
    document = {
        "machine": description,
        "rounds": rounds,
        "cases": [case.name for case in cases],
        "rows": [
            {
                "measure": row.measure.name,
                "title": row.measure.title,
                "unit": row.measure.unit,
                "medians": dict(row.medians),
                "ratios": {
                    peer: {
                        "ratio": comparison.ratio,
                        "aim": str(comparison.aim) if comparison.aim else None,
                        "met": comparison.is_met,
                    }
                    for peer, comparison in row.against.items()
                },
                "absolute_aim_met": row.absolute.is_met if row.absolute else None,
            }
            for row in rows
        ],
        "samples": {
            f"{measure}/{implementation}": figures
            for (measure, implementation), figures in samples.figures.items()
        },
        "failures": samples.failures,
    }
    return json.dumps(document, indent=2) + "\n"
