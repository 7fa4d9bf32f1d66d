"""Runs cases: every figure from a process of its own, the implementations taking turns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.child import MARK
from bench.measures import Case
from bench.results import Samples

TOOLS: Final = Path(__file__).resolve().parents[1]
# The lines of a failed run that are shown.
SHOWN_LINES: Final = 8
_CHANGE_SPEED: Final = {
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONDEVMODE",
    "PYTHONASYNCIODEBUG",
    "PYTHONFAULTHANDLER",
    "PYTHONMALLOC",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONTRACEMALLOC",
    "EXECNET_DEBUG",
    "XNET_TRACE_JSON",
}


class RunError(Exception):
    """A measured process gave no figures; the text says what it said instead."""


def order(implementations: Sequence[str], round_number: int) -> list[str]:
    """Return the order of one round. It rotates: none is always first, or always after the same one."""
    start = round_number % len(implementations)
    return [*implementations[start:], *implementations[:start]]


def run_cases(
    cases: Sequence[Case],
    implementations: Sequence[str],
    rounds: int,
    quick: bool,
    progress: Callable[[str], None],
) -> Samples:
    """Measure cases over a number of rounds.

    An implementation that fails a case is not tried again in it: its failure is noted once.

    Args:
        cases: what to run.
        implementations: which columns to measure; a case may leave some out.
        rounds: how often, at least once; a case may ask for fewer.
        quick: small amounts, to see that everything runs; the figures mean little.
        progress: is called with a sentence before each run.
    """
    samples = Samples()
    for case in cases:
        wanted = [name for name in implementations if name in case.implementations]
        case_rounds = min(rounds, case.most_rounds or rounds)
        for round_number in range(case_rounds):
            if not wanted:
                break
            for name in order(wanted, round_number):
                progress(f"{case.name}, round {round_number + 1} of {case_rounds}, {name}")
                try:
                    samples.add(name, run_once(case, name, quick))
                except RunError as error:
                    samples.failures.append(str(error))
                    wanted = [other for other in wanted if other != name]
    return samples


def run_once(case: Case, implementation: str, quick: bool) -> dict[str, float]:
    """Run one case once in a fresh process and return its figures by name of measure.

    Raises:
        RunError: it failed, hung, or printed no figures; whose fault that is the text shows.
    """
    program = (
        f"import sys; sys.path.insert(0, {str(TOOLS)!r}); from bench.child import measure; "
        f"measure({case.name!r}, {implementation!r}, {quick!r})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment(os.environ),
        start_new_session=True,  # so that a hung run can be ended with all its workers
    )
    try:
        output, errors = process.communicate(timeout=case.timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        raise RunError(f"{case.name} with {implementation} was not done after {case.timeout_s:g} s") from None
    except BaseException:
        _end(process)
        raise
    figures = [line.removeprefix(MARK) for line in output.splitlines() if line.startswith(MARK)]
    if process.returncode != 0 or len(figures) != 1:
        said = "\n    ".join((errors.strip() or output.strip() or "nothing").splitlines()[-SHOWN_LINES:])
        raise RunError(
            f"{case.name} with {implementation} ended with exit status {process.returncode} and "
            f"{len(figures)} lines of figures instead of one. It said:\n    {said}"
        )
    measured: dict[str, float] = json.loads(figures[0])
    return measured


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a measured process: without those that change how fast Python starts or runs.

    PYTHONDONTWRITEBYTECODE above all: a checkout would be compiled again by every worker, a package that pip
    installed would not.
    """
    return {name: value for name, value in environ.items() if name not in _CHANGE_SPEED}


def _end(process: subprocess.Popen[str]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
