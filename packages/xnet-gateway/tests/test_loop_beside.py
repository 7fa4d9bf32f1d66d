"""An event loop in a thread of its own.

With greenlets beside it: test_exec_greenlets.py.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from gateway_helpers import PATIENCE_S
from xnet_gateway.worker.loop_beside import run_beside


def test_it_runs_to_its_end_in_another_thread() -> None:
    idents: list[int] = []

    async def code() -> None:
        await asyncio.sleep(0)
        idents.append(threading.get_ident())

    run_beside(code())
    assert idents
    assert idents[0] != threading.get_ident()


def test_what_it_raises_is_raised() -> None:
    async def code() -> None:
        await asyncio.sleep(0)
        raise EOFError("no more")

    with pytest.raises(EOFError, match="no more"):
        run_beside(code())


def test_an_interrupt_cancels_it_and_waits_for_its_end() -> None:
    program = """
import asyncio, os, signal
from xnet_gateway.worker.loop_beside import run_beside
async def code():
    asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGINT)
    try:
        await asyncio.sleep(100)
    except asyncio.CancelledError:
        await asyncio.sleep(0.01)
        print("cancelled")
        raise
try:
    run_beside(code())
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.stdout == "cancelled\ninterrupted\n", done.stderr
