"""``gateway._io.popen``, for programs written for execnet."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

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
    deadline_s = time.monotonic() + PATIENCE_S
    while started.poll() is None and time.monotonic() < deadline_s:
        time.sleep(0.001)
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
