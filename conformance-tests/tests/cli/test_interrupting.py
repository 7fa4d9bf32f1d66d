"""Ctrl-C at any moment of a run: its summary and reports are there, its testees are gone, no traceback."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xnet_conformance.case_files import load_cases
from xnet_conformance.reports.jsonl import read_jsonl
from xnet_conformance.results import EXIT_INTERRUPTED

BARE = Path(__file__).resolve().parents[2] / "testees" / "bare" / "bare_worker.py"


def announcing(folder: Path) -> Path:
    """Return a worker that says its process id in a pipe of this name when it starts."""
    started = folder / "started"
    os.mkfifo(started)
    script = folder / "worker.sh"
    script.write_text(f"echo $$ > {shlex.quote(str(started))}\nexec {sys.executable} -S {BARE}\n")
    file = folder / "testee.yaml"
    file.write_text(f"command: /bin/sh {script}\n")
    return file


def interrupted_at(start: int, folder: Path, *words: str) -> tuple[int, str, str, list[int]]:
    """Run the suite, interrupt it when this many workers have begun, and return what is there then."""
    file = announcing(folder)
    out = folder / "out"
    command = [sys.executable, "-m", "xnet_conformance", "run", "-t", str(file), "--report", "json"]
    with subprocess.Popen(
        [*command, "-o", str(out), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        pids = b""
        fd = os.open(folder / "started", os.O_RDWR)
        try:
            while pids.count(b"\n") < start:
                assert select.select([fd], [], [], 250)[0], "no more workers begin"
                pids += os.read(fd, 4096)
            process.send_signal(signal.SIGINT)
            # What begins meanwhile has to be able to say so.
            stdout, stderr = process.communicate(timeout=600)
            if select.select([fd], [], [], 0)[0]:
                pids += os.read(fd, 65536)
        finally:
            os.close(fd)
            process.kill()
    return process.returncode, stdout, stderr, [int(pid) for pid in pids.split()]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("start", [1, 2, 5, 9])
def test_what_ran_is_told_whenever_the_interrupt_comes(start: int, tmp_path: Path) -> None:
    status, stdout, stderr, pids = interrupted_at(start, tmp_path, "--layer", "gateway")
    assert (status, "Traceback" in stderr) == (EXIT_INTERRUPTED, False), stderr
    assert "profile 1.0-worker" in stdout
    assert "cases: not run: the run was interrupted" in stdout
    report = read_jsonl(tmp_path / "out" / "results.jsonl", load_cases())
    outcomes = {result.outcome for result in report.results}
    assert "not-run" in outcomes
    assert outcomes <= {"pass", "nonstrict", "not-run", "unsupported"}
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
