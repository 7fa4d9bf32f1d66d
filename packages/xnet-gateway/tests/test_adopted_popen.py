"""``gateway._io.popen``, for programs written for execnet."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest

from gateway_helpers import PATIENCE_S, eventually
from xnet_gateway import child
from xnet_gateway.adopted_popen import popen_of


def test_who_waits_and_who_looks_find_the_same() -> None:
    """Programs of execnet wait for ``gateway._io.popen`` while the reactor looks."""
    started = child.start([sys.executable, "-S", "-c", "import time; time.sleep(1000)"])
    popen = popen_of(started)
    assert isinstance(popen, subprocess.Popen)
    assert (popen.pid, popen.args, popen.poll()) == (started.pid, started.args, None)  # type: ignore[attr-defined]
    with pytest.raises(subprocess.TimeoutExpired):
        popen.wait(0.01)
    codes: list[int | None] = []
    waiting = threading.Thread(target=lambda: codes.append(popen.wait(PATIENCE_S)), daemon=True)
    waiting.start()
    popen.kill()
    with contextlib.suppress(ChildProcessError):  # the thread was first
        os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
    started.poll()
    waiting.join(PATIENCE_S)
    assert codes == [-signal.SIGKILL] == [started.returncode] == [popen.returncode]


def test_of_one_that_has_ended() -> None:
    started = child.start([sys.executable, "-S", "-c", "raise SystemExit(3)"])
    assert eventually(lambda: started.poll() == 3)
    popen = popen_of(started)
    assert popen.returncode == popen.poll() == popen.wait(0) == 3


def test_where_it_is_one_already() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as popen:
        assert popen_of(popen) is popen
