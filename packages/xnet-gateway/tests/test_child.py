"""Programs are started as ``subprocess`` would start them. Spec: GR-021."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, descriptors, eventually
from xnet_gateway import child

TELL = """
import os, signal, sys
there = []
for fd in range(3, 200):
    try:
        os.fstat(fd)
    except OSError:
        continue
    there.append(fd)
mask = sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, [])))
pipe = signal.getsignal(signal.SIGPIPE) if hasattr(signal, "SIGPIPE") else None
print(there, os.getcwd(), sorted(os.environ), os.getsid(0) == os.getpid(), mask, sys.argv[1:], flush=True)
with open("/proc/self/status") as file:
    print([line for line in file if line.startswith(("SigBlk", "SigIgn"))], os.nice(0), flush=True)
"""


@pytest.fixture(params=["ours", "popen"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's function as we know it, and where it is another one."""
    if request.param == "popen":
        monkeypatch.setattr(child, "_fork_exec", None)
    elif child._fork_exec is None:
        pytest.skip("needs an interpreter whose function is known")


def until_ended(started: child.Started) -> int | None:
    assert eventually(lambda: started.poll() is not None)
    return started.poll()


def printed_by(start: Callable[[int], child.Started]) -> str:
    read_fd, write_fd = os.pipe()
    started = start(write_fd)
    os.close(write_fd)
    with open(read_fd) as file:
        text = file.read()
    assert until_ended(started) == 0
    return text


@pytest.mark.usefixtures("_both_ways")
class TestStart:
    def test_all_is_as_with_subprocess(self, tmp_path: Path) -> None:
        """Descriptors, directory, environment, session, signals, niceness, odd arguments."""
        passed, inherited = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY)
        os.set_inheritable(inherited, True)  # and yet it is closed
        env = {"PATH": os.environ["PATH"], "odd\udcff": "value\udcfe"}
        argv = [sys.executable, "-S", "-c", TELL, "one", "t\udcff", "", "two words"]
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        try:
            for new_session in (False, True):
                ours = printed_by(
                    lambda fd: child.start(
                        argv,
                        stdout=fd,
                        cwd=str(tmp_path),
                        env=env,
                        pass_fds=(passed,),
                        new_session=new_session,  # noqa: B023 - called at once
                    )
                )
                theirs = subprocess.run(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    cwd=str(tmp_path),
                    env=env,
                    pass_fds=(passed,),
                    start_new_session=new_session,
                    check=True,
                ).stdout.decode()
                assert ours == theirs
                assert f"[{passed}] {tmp_path} " in ours
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
            os.close(passed)
            os.close(inherited)

    def test_a_program_is_looked_for_in_the_path_that_it_gets(self, tmp_path: Path) -> None:
        for folder, mode in (("first", 0o644), ("second", 0o755)):  # what cannot be executed is passed over
            program = tmp_path / folder / "greet-xnet"
            program.parent.mkdir()
            program.write_text(f"#!/bin/sh\necho {folder}\n")
            program.chmod(mode)
        env = {"PATH": f"{tmp_path / 'none'}:{tmp_path / 'first'}:{tmp_path / 'second'}:/bin"}
        assert printed_by(lambda fd: child.start(["greet-xnet"], stdout=fd, env=env)) == "second\n"

    def test_why_it_cannot_be_executed(self, tmp_path: Path) -> None:
        """The error, its number and its file are those of ``subprocess``; nothing is left."""
        text = tmp_path / "text"
        text.write_text("no program")
        text.chmod(0o755)
        cases: list[tuple[list[str], str | None]] = [
            (["/no/such/program"], None),
            (["no-such-program-anywhere"], None),
            ([str(tmp_path)], None),
            ([str(text)], None),
            ([sys.executable], str(tmp_path / "missing")),
        ]
        child_of_none = descriptors()
        for argv, cwd in cases:
            with pytest.raises(OSError, match=r"\[Errno") as theirs:
                subprocess.Popen(argv, cwd=cwd)
            with pytest.raises(OSError, match=r"\[Errno") as ours:
                child.start(argv, cwd=cwd)
            assert (type(ours.value), str(ours.value)) == (type(theirs.value), str(theirs.value))
        with pytest.raises(ValueError, match="null"):
            child.start([sys.executable, "a\0b"])
        assert descriptors() == child_of_none

    def test_status_and_signals(self) -> None:
        started = child.start([sys.executable, "-S", "-c", "import time; time.sleep(1000)"])
        assert (started.poll(), started.returncode) == (None, None)
        started.send_signal(signal.SIGTERM)
        assert until_ended(started) == started.returncode == -signal.SIGTERM
        started.send_signal(signal.SIGTERM)  # to nobody

    def test_somebody_else_was_told_of_its_end(self) -> None:
        started = child.start([sys.executable, "-S", "-c", "raise SystemExit(3)"])
        os.waitpid(started.pid, 0)
        assert started.poll() == 0

    def test_standard_descriptors_that_are_closed_here(self) -> None:
        """What is opened to start it takes their numbers, and does not get into it."""
        program = f"""
import os, sys
os.close(0); os.close(2)
sys.path[:] = {sys.path!r}
from xnet_gateway import child
if {child._fork_exec is None}:
    child._fork_exec = None
code = "import sys; print('out'); print(sys.stdin.read() == '')"
started = child.start([sys.executable, "-S", "-c", code], stdout=1)
os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
assert started.poll() == 0
"""
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False)
        assert (done.returncode, done.stdout.decode()) == (0, "out\nTrue\n")


def test_nothing_else_is_loaded_to_start_one() -> None:
    program = f"""
import sys
sys.path[:] = {sys.path!r}
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
gateway = begin(XSpec("popen//id=gw0"), None).finish()
assert gateway.remote_exec("channel.send(42)").receive() == 42
if sys.implementation.name == "cpython":
    print("subprocess" in sys.modules, end=" ")
print(gateway._io.popen.poll(), type(gateway._io.popen).__mro__[-2].__module__)
gateway._io.kill_now()
assert gateway._io.popen.wait({PATIENCE_S}) == -9
"""
    done = subprocess.run([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().split() == ["False", "None", "subprocess"]
