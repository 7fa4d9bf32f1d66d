"""Load and ignored signals for a run of tests: they are there while it runs, and gone after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from check.load import busy_processes, ignored_signals
from check.tests import run_tests
from check.tree import ROOT

PATIENCE_S = 200.0


def processor_seconds(number: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processor time")
def test_each_is_busy_while_the_block_runs_and_gone_after_it() -> None:
    limit = time.monotonic() + PATIENCE_S
    with busy_processes(3) as numbers:
        assert len(set(numbers)) == 3
        while min(map(processor_seconds, numbers)) < 0.1:
            assert time.monotonic() < limit
            time.sleep(0.02)
    assert not any(map(is_there, numbers))


def test_they_are_gone_when_the_process_that_wanted_them_is_killed() -> None:
    program = (
        "from check.load import busy_processes\n"
        "with busy_processes(2) as numbers:\n"
        "    print(*numbers, flush=True)\n"
        "    input()\n"
    )
    wanting = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT / "tools",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert wanting.stdout is not None
    numbers = [int(word) for word in wanting.stdout.readline().split()]
    assert len(numbers) == 2
    wanting.kill()
    wanting.communicate(timeout=PATIENCE_S)
    limit = time.monotonic() + PATIENCE_S
    while any(map(is_there, numbers)):
        assert time.monotonic() < limit, numbers
        time.sleep(0.02)


def test_signals_are_ignored_while_the_block_runs() -> None:
    before = signal.getsignal(signal.SIGINT)
    program = (
        "import signal; print(signal.getsignal(signal.SIGINT).name, signal.getsignal(signal.SIGHUP).name)"
    )
    with ignored_signals():
        said = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
    assert said == "SIG_IGN SIG_IGN\n"
    assert signal.getsignal(signal.SIGINT) is before


SEEN = """
import os, pathlib, signal

def busy():
    for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = file.read_text().rpartition(")")[2].split()[1]
            if parent == os.environ["RUNNER"] and "while True:" in file.with_name("cmdline").read_text():
                yield file
        except OSError:
            pass

def test_seen():
    with pathlib.Path(__file__).with_name("runs").open("a") as file:
        file.write(f"{signal.getsignal(signal.SIGINT).name} {len(list(busy()))}")
    assert False
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_a_run_of_tests_has_both_and_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_seen.py").write_text(SEEN)
    monkeypatch.setenv("RUNNER", str(os.getpid()))
    assert run_tests(tmp_path, ["--under-load", "2", "--ignore-sigint"]) == 1
    assert (tmp_path / "runs").read_text() == "SIG_IGN 2"
