"""Holding SIGINT back in the main thread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from threads_helpers import PATIENCE_S
from xnet_channel.platform.interrupts import (
    INTERRUPTS,
    InterruptsLetThrough,
    hold_interrupts,
    let_interrupts_through,
    release_interrupts,
)


def test_an_interrupt_comes_when_it_is_let_through() -> None:
    held = hold_interrupts()
    assert held is not None
    assert hold_interrupts() is None  # held already
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        release_interrupts(held)
    assert signal.getsignal(signal.SIGINT) is held


def test_an_ignored_interrupt_is_not_held() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert hold_interrupts() is None
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)  # to this thread: one to the process may come to another and be late


def test_an_interrupt_is_let_through_while_held() -> None:
    before = signal.getsignal(signal.SIGINT)
    held = hold_interrupts()
    assert held is not None
    try:
        let_interrupts_through()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        assert not INTERRUPTS.let_through
    finally:
        INTERRUPTS.let_through = False
        release_interrupts(held)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_was_noted_comes_when_they_are_let_through() -> None:
    held = hold_interrupts()
    assert held is not None
    try:
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            let_interrupts_through()
    finally:
        INTERRUPTS.let_through = False
        release_interrupts(held)


def test_holding_again_inside_of_a_time_in_which_they_are_let_through() -> None:
    outer = hold_interrupts()
    assert outer is not None
    try:
        let_interrupts_through()
        inner = hold_interrupts()
        assert inner is not None
        interrupt()  # noted
        with pytest.raises(KeyboardInterrupt):
            release_interrupts(inner)
    finally:
        INTERRUPTS.let_through = False
        release_interrupts(outer)


def test_a_handler_that_does_not_raise_may_hold_them_itself_and_changes_nothing() -> None:
    calls: list[object] = []

    def handler(signum: int, frame: object) -> None:
        calls.append(signal.getsignal(signal.SIGINT))
        inner = hold_interrupts()
        assert inner is handler
        release_interrupts(inner)

    before = signal.signal(signal.SIGINT, handler)
    try:
        held = hold_interrupts()
        assert held is handler
        let_interrupts_through()
        interrupt()
        interrupt()
        assert calls == [handler, handler]
        assert INTERRUPTS.let_through
        assert signal.getsignal(signal.SIGINT) is not handler
        INTERRUPTS.let_through = False
        interrupt()
        assert len(calls) == 2
        release_interrupts(held)
        assert len(calls) == 3
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_an_interrupt_has_broken_off_is_undone_undisturbed() -> None:
    before = signal.getsignal(signal.SIGINT)
    held = hold_interrupts()
    assert held is not None
    undone = False
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - where it is raised is what is tested
        try:
            with pytest.raises(KeyboardInterrupt), InterruptsLetThrough():
                interrupt()
            interrupt()
            undone = True
        finally:
            release_interrupts(held)
    assert undone
    assert signal.getsignal(signal.SIGINT) is before


def test_one_that_was_noted_comes_at_the_beginning_of_the_block() -> None:
    held = hold_interrupts()
    assert held is not None
    try:
        interrupt()
        with pytest.raises(KeyboardInterrupt), InterruptsLetThrough():
            raise AssertionError("not reached")
        assert not INTERRUPTS.let_through
    finally:
        release_interrupts(held)


def test_blocks_within_each_other_and_without_anything_held() -> None:
    seen = []
    with InterruptsLetThrough():
        seen.append(INTERRUPTS.let_through)
    held = hold_interrupts()
    assert held is not None
    try:
        with InterruptsLetThrough():
            with InterruptsLetThrough():
                pass
            seen.append(INTERRUPTS.let_through)
        seen.append(INTERRUPTS.let_through)
    finally:
        release_interrupts(held)
    assert seen == [False, True, False]


def test_a_nudge_ends_a_wait_that_an_interrupt_came_too_early_for() -> None:
    """``interrupt_main`` of the standard library wakes nobody, as a signal just before the wait does."""
    program = """
import _thread, time
from xnet_channel.platform.interrupts import accept_nudges, nudge_main
accept_nudges()
def interrupt():
    _thread.interrupt_main()
    while True:
        time.sleep(0.01)
        nudge_main()
_thread.start_new_thread(interrupt, ())
try:
    time.sleep(10_000)
except KeyboardInterrupt:
    print("interrupted")
"""
    assert _run(program) == "interrupted\n"


def test_a_program_keeps_its_own_use_of_the_signal() -> None:
    program = """
import signal
from xnet_channel.platform.interrupts import accept_nudges, nudge_main
came = []
signal.signal(signal.SIGURG, lambda *arguments: came.append(1))
accept_nudges()
nudge_main()
print(came)
"""
    assert _run(program) == "[]\n"


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.stderr == ""
    return done.stdout
