"""Runs a suite once with one interpreter."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from peers.outcomes import Outcome, read_junit
from peers.suites import Suite

# The lines of a broken run that are shown.
SHOWN_LINES: Final = 20


@dataclass(frozen=True)
class Run:
    """One run that came to its end.

    Attributes:
        outcomes: test id -> what became of it.
        seconds: how long it took.
        log: what pytest printed.
    """

    outcomes: Mapping[str, Outcome]
    seconds: float
    log: Path


class RunError(Exception):
    """A run hung or ended before pytest could write its results; the text has the last lines it printed."""


def run_suite(suite: Suite, python: Path, tree: Path, results: Path, plugins: tuple[str, ...]) -> Run:
    """Run a suite in its unpacked tree and read its results.

    Args:
        suite: what to run.
        python: the interpreter of the environment.
        tree: the unpacked source distribution.
        results: where the JUnit file and the log go, without a suffix.
        plugins: pytest plugins to load first.

    Raises:
        RunError: no results were written.
    """
    junit, log = results.with_suffix(".xml"), results.with_suffix(".log")
    results.parent.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    words = [word for plugin in plugins for word in ("-p", plugin)]
    # -v: if it hangs, the last line of the log is the test it hangs in
    words += ["-v", "-p", "no:cacheprovider", f"--junitxml={junit}", *suite.arguments, suite.tests]
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), "-m", "pytest", *words],
            cwd=tree,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that a hung run can be ended with everything it started
        )
        try:
            status = process.wait(suite.timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            raise RunError(f"not done after {suite.timeout_s:g} s; {_last_lines(log)}") from None
        except BaseException:
            _end(process)
            raise
    seconds = time.monotonic() - started
    try:
        outcomes = read_junit(junit)
    except (OSError, ET.ParseError) as error:
        raise RunError(f"exit status {status} and no results ({error}); {_last_lines(log)}") from error
    return Run(outcomes, seconds, log)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a run: nothing in them changes what pytest, Python, execnet or xnet do."""
    ours = ("PYTEST", "PYTHON", "EXECNET_", "XNET_", "XDIST_", "COV_", "VIRTUAL_ENV")
    return {name: value for name, value in environ.items() if not name.startswith(ours)}


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:]
    return "its last lines were:\n" + "\n".join(f"    {line}" for line in lines)
