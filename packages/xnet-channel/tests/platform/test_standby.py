from __future__ import annotations

import _thread
import os
import subprocess
import sys
import threading

import pytest

from xnet_channel.platform.standby import AT_FIRST, REFUSED_AT_EXIT, Standby

PATIENCE_S = 200


def test_jobs_run_side_by_side_as_many_as_were_reserved() -> None:
    standby = Standby()
    standby.add(_thread.start_new_thread)
    together = threading.Barrier(1 + AT_FIRST + 1)
    for _ in range(1 + AT_FIRST):
        assert standby.take(lambda: together.wait(PATIENCE_S))
    together.wait(PATIENCE_S)


def test_a_thread_that_is_free_again_takes_the_next_job() -> None:
    standby = Standby()
    standby.add(_thread.start_new_thread)
    done = threading.Semaphore(0)
    for _ in range(50):
        assert standby.take(done.release)
    for _ in range(50):
        assert done.acquire(timeout=PATIENCE_S)


def test_without_any_no_job_is_taken() -> None:
    assert not Standby().take(lambda: None)


def test_a_forked_child_has_none() -> None:
    standby = Standby()
    standby.add(_thread.start_new_thread)
    standby.forget_after_fork()
    assert not standby.take(lambda: None)


@pytest.mark.parametrize("hides", [False, True])
def test_threads_begin_while_exit_handlers_run(hides: bool) -> None:
    """Whether Python refuses them there or not."""
    program = f"""
import atexit, threading
from xnet_channel.platform import native
native.Hiding.hides = {hides}
native.reserve_thread()
@atexit.register
def at_exit():
    done = threading.Event()
    native.start_thread(done.set, (), "late", carries=True)
    print(done.wait({PATIENCE_S}))
"""
    assert _run(program) == "True\n"


def test_only_a_python_that_refuses_threads_reserves_any() -> None:
    program = """
from xnet_channel.platform import native
native.reserve_thread()
print(native.STANDBY.take(lambda: None))
"""
    assert _run(program) == f"{REFUSED_AT_EXIT}\n"


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout
