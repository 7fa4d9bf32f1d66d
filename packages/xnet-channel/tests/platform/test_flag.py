"""Something that comes true once."""

from __future__ import annotations

import dis
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from background import Background
from threads_helpers import PATIENCE_S, eventually
from xnet_channel.platform.flag import Flag


def test_everybody_who_waits_is_told() -> None:
    flag = Flag()
    assert not flag.is_set()
    waiting = [Background(flag.wait, PATIENCE_S), Background(flag.wait)]
    assert eventually(lambda: len(flag._waiters._waiters) == 2)
    assert all(one.goes_on for one in waiting)
    flag.set()
    assert [one.end() for one in waiting] == [True, True]
    assert flag.is_set()
    assert flag.wait(0)


def test_a_wait_ends_with_its_time() -> None:
    flag = Flag()
    assert flag.wait(0) is False
    assert flag.wait(0.01) is False


def test_more_time_than_a_lock_can_wait_is_without_limit() -> None:
    flag = Flag()
    waiting = Background(flag.wait, threading.TIMEOUT_MAX * 2)
    assert eventually(lambda: len(flag._waiters._waiters) == 1)
    flag.set()
    assert waiting.end() is True


def test_an_interrupt_at_the_end_of_a_round_does_not_keep_the_lock() -> None:
    """Python 3.12 and newer look for signals there, where a `with` does not cover a `while CONDITION`."""
    flag = Flag()

    def interrupt(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code is not Flag.wait.__code__:
            return None
        frame.f_trace_opcodes = True
        name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        if event == "opcode" and name in ENDS_OF_ROUNDS:
            raise KeyboardInterrupt
        return interrupt

    def wake() -> None:
        while not woken.wait(0.001):  # for no reason, so that the waiting thread goes round
            with flag._lock:
                flag._waiters.notify_all_locked()

    woken = threading.Event()
    waking = Background(wake)
    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            flag.wait(PATIENCE_S)
    finally:
        sys.settrace(before)
        woken.set()
    waking.end()
    setting = Background(flag.set)
    setting.end()
    assert flag.is_set()


#: Unconditional ones of all versions.
ENDS_OF_ROUNDS = {"JUMP_ABSOLUTE", "JUMP_BACKWARD"}
