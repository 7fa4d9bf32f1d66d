"""The handle of a local process: its end, its status, its description. Spec: GR-021."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from gateway_helpers import PATIENCE_S, busy, eventually
from xnet_channel.platform import reactor
from xnet_gateway import child, process
from xnet_gateway.process import WorkerProcess, open_pidfd, signal_name

WAIT = "import sys; sys.stdin.read()"


#: What the standard input of each process hangs on.
_held: dict[int, int] = {}


def start(code: str = WAIT) -> WorkerProcess:
    read_fd, write_fd = os.pipe()
    handle = WorkerProcess(child.start([sys.executable, "-S", "-c", code], stdin=read_fd), None)
    os.close(read_fd)
    _held[handle.pid] = write_fd
    return handle


def let_end(handle: WorkerProcess) -> int | None:
    os.close(_held.pop(handle.pid))
    return handle.wait(PATIENCE_S)


@pytest.fixture(params=["pidfd", "poll"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a process handle, and on systems that have none."""
    if request.param == "poll":
        monkeypatch.setattr(process, "open_pidfd", lambda pid: -1)
    elif open_pidfd(1) < 0:
        pytest.skip("needs a kernel with pidfd_open")


@pytest.mark.usefixtures("_both_ways")
class TestEnd:
    def test_status_and_actions(self) -> None:
        handle = start(WAIT + "; sys.exit(7)")
        called = threading.Event()
        handle.when_exited(called.set)
        assert handle.wait(0) is None
        assert f"(pid {handle.pid}) is still running" in handle.describe()
        assert let_end(handle) == handle.returncode == 7
        assert handle.exited is True
        assert called.wait(PATIENCE_S)
        assert handle.describe() == f"its process (pid {handle.pid}) exited with status 7"

    def test_an_action_that_comes_late_is_called_too(self) -> None:
        handle = start()
        let_end(handle)
        called = threading.Event()
        handle.when_exited(called.set)
        assert called.wait(PATIENCE_S)

    def test_kill_now(self) -> None:
        handle = start()
        handle.kill_now()
        assert handle.wait(PATIENCE_S) == -signal.SIGKILL
        assert handle.describe().endswith("was killed by signal 9 (SIGKILL)")
        handle.kill_now()
        handle.kill()
        let_end(handle)

    def test_kill_asks_first(self) -> None:
        handle = start()
        handle.kill()
        assert handle.wait(PATIENCE_S) == -signal.SIGTERM
        let_end(handle)

    def test_somebody_else_reaps(self) -> None:
        """Programs written for execnet call popen.wait()."""
        handle = start()
        waiting = threading.Thread(target=handle.popen.wait, daemon=True)
        waiting.start()
        handle.kill_now()
        assert handle.wait(PATIENCE_S) == -signal.SIGKILL
        waiting.join(PATIENCE_S)
        let_end(handle)


def test_many_wait_for_one() -> None:
    handle = start()
    results: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: results.append(handle.wait(PATIENCE_S)), daemon=True)
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    let_end(handle)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert results == [0] * 10


def test_a_wait_ends_on_time() -> None:
    handle = start()
    began_s = time.monotonic()
    assert handle.wait(0.05) is None
    assert 0.05 <= time.monotonic() - began_s < 2.0 * busy()
    let_end(handle)


def test_the_reactor_lets_go_of_the_handle() -> None:
    watched = reactor.get_reactor()._watched
    before = len(watched)
    handle = start()
    let_end(handle)
    assert eventually(lambda: len(watched) <= before)


def test_signal_names() -> None:
    assert signal_name(9) == "9 (SIGKILL)"
    assert signal_name(63) == "63"
