"""What the tests of gateways share: starting, waiting without sleeping, looking at processes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xnet_gateway.gateway import Gateway
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec

#: Whether to run the long forms: more cycles, more bytes, more random input.
STRESS = bool(os.environ.get("XNET_STRESS"))

#: Whatever is waited for in these tests comes much sooner; a loaded machine needs some of it.
PATIENCE_S = 200.0

MEGABYTE = 1_000_000


class Gateways:
    """Starts gateways and ends every one of them, whatever became of it."""

    def __init__(self) -> None:
        self.started: list[Gateway] = []

    def __call__(self, text: str = "popen", master: Gateway | None = None) -> Gateway:
        spec = XSpec(text)
        if spec.id is None:
            spec.id = f"gw{len(self.started)}"
        gateway = begin(spec, master).finish()
        self.started.append(gateway)
        return gateway

    def end(self) -> None:
        for gateway in reversed(self.started):
            gateway._io.kill_now()
            if not gateway.pid:  # a server's: its connection is all there is
                gateway.session.close(flush_s=0.0)
        for gateway in self.started:
            assert gateway._wait_ended(time.monotonic() + PATIENCE_S), gateway


def eventually(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> bool:
    """Look until the condition holds; for facts that nobody announces."""
    deadline_s = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        pause.wait(0.005)
    return True


def busy() -> float:
    """Return how many programs share a processor: so much longer may take what is soon done otherwise."""
    running = 0.0
    with contextlib.suppress(OSError):  # those of this moment; the load is the mean of a minute
        running = float(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    return max(1.0, max(running, os.getloadavg()[0]) / (os.cpu_count() or 1))


@contextmanager
def stderr_in(path: Path) -> Iterator[Path]:
    """Have descriptor 2 write to a file that can be read meanwhile; reading ``capfd`` loses what comes then.

    Not for a fixture: pytest puts its own descriptor there between fixtures and test.
    """
    before = os.dup(2)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 2)
    os.close(file)
    try:
        yield path
    finally:
        os.dup2(before, 2)
        os.close(before)


class Watched:
    """A process, perhaps of another parent, whose end can be waited for."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._fd = os.pidfd_open(pid)

    def __enter__(self) -> Watched:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def wait_gone(self, timeout_s: float = PATIENCE_S) -> bool:
        """Wait until it has ended; return whether it has."""
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        return bool(poller.poll(timeout_s * 1000))

    def kill(self) -> None:
        """End it, if it is there; and let go of it."""
        try:
            signal.pidfd_send_signal(self._fd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(self._fd)


def memory_kb(pid: int, field: str = "RssAnon") -> int:
    """Return how much memory a process has, without pages of files.

    Those go when others need memory, and come back when they are looked at.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise AssertionError(f"no {field} for process {pid}")


class Growth:
    """How much memory a process takes from now on, at most; pages of files do not count."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM begins anew
        self._before_kb = memory_kb(pid)
        self._files_kb = memory_kb(pid, "RssFile")

    def most_kb(self) -> int:
        """Return by how much it has grown when it was largest."""
        files_kb = max(self._files_kb, memory_kb(self._pid, "RssFile"))
        return memory_kb(self._pid, "VmHWM") - files_kb - self._before_kb


def descriptors(pid: int | str = "self") -> set[str]:
    """Return what the open descriptors of a process are."""
    folder = Path(f"/proc/{pid}/fd")
    # The descriptor that lists the folder is gone when it is looked at.
    return {f"{entry.name} -> {os.readlink(entry)}" for entry in list(folder.iterdir()) if entry.is_symlink()}


def children() -> set[int]:
    """Return the processes whose parent is this one."""
    tasks = (task / "children" for task in Path("/proc/self/task").iterdir())
    return {int(pid) for task in tasks if task.exists() for pid in task.read_text().split()}


def run_program(
    text: str, *arguments: str, cwd: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of its own that uses gateways."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM_HEAD + text, *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def start_program(
    text: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start one and leave it running."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM_HEAD + text, *arguments],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


#: So that programs of a test can say ``make("popen//id=x")``.
PROGRAM_HEAD = """
import os, signal, sys, threading, time
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
def make(text="popen//id=gw0"):
    return begin(XSpec(text)).finish()
def end(gateway):
    gateway.exit()
    assert gateway._wait_ended(time.monotonic() + 200), "did not end"
"""
