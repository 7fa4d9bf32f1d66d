"""The rules of the root conftest.py for processes: signals arrive, and what fails leaves none."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from check.tree import ROOT
from tree_builder import write_tree

PATIENCE_S = 200

INTERRUPTED = """
import os, signal, subprocess, sys
import pytest

def test_here():
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

def test_in_what_is_started():
    program = "from signal import *; print(getsignal(SIGINT).__name__, getsignal(SIGHUP).name)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "default_int_handler SIG_DFL\\n"

def test_a_hangup_does_not_end_the_run():
    signal.raise_signal(signal.SIGHUP)
"""

LEAVES = """
import inspect, os, subprocess, sys
import pytest

def leave(name, seconds="600"):
    program = "import sys, time; print('runs', flush=True); time.sleep(int(sys.argv[1]))"
    command = [sys.executable, "-c", program, seconds]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    process.stdout.readline()
    with open(name, "w") as file:
        file.write(str(process.pid))
    return process

@pytest.fixture(scope="module")
def shared():
    process = leave("shared")
    yield process
    process.kill()
    process.wait()

def test_fails(shared):
    leave("kept")  # this one has a parent: it might be what a fixture has made when it was first needed
    os.environ["CODE"] = inspect.getsource(leave)
    program = "import os, subprocess, sys; exec(os.environ['CODE']); leave('failed')"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert False

def test_next(shared):
    try:
        status = open(f"/proc/{open('failed').read()}/stat").read().rpartition(")")[2].split()[0]
    except OSError:
        status = "Z"
    assert status == "Z"
    assert shared.poll() is None
    os.kill(int(open("kept").read()), 0)
    leave("passed")
"""


def run_pytest(folder: Path, test: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a test file under the root conftest.py as `nohup` in the background of a shell does."""
    shutil.copy(ROOT / "conftest.py", folder)
    write_tree(folder, {"test_a.py": test, "pytest.ini": "[pytest]\n"})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more, str(folder)]
    background = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *command]
    return subprocess.run(
        background, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


@pytest.mark.parametrize("more", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_signals_arrive_in_the_background_of_a_shell(tmp_path: Path, more: tuple[str, ...]) -> None:
    done = run_pytest(tmp_path, INTERRUPTED, *more)
    assert "3 passed" in done.stdout, done.stdout


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to find processes")
@pytest.mark.parametrize("more", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_failed_test_leaves_no_process(tmp_path: Path, more: tuple[str, ...]) -> None:
    """Its orphans are gone before the next test begins, everything when the run ends."""
    done = run_pytest(tmp_path, LEAVES, *more)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    for name in ("failed", "kept", "passed", "shared"):
        number = int((tmp_path / name).read_text())
        try:
            assert not runs(number), name
        finally:
            end(number)


def runs(number: int) -> bool:
    """Say whether a process is there; one that is dead and not reaped is not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end(number: int) -> None:
    if runs(number):
        os.kill(number, signal.SIGKILL)
