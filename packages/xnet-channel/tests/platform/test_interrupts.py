"""Holding SIGINT back in the main thread."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from threads_helpers import PATIENCE_S
from xnet_channel.platform.interrupts import (
    INTERRUPTS,
    InterruptsHeld,
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


# -- by hand and by `with` ----------------------------------------------------------------------


def by_hand(step: Callable[[str], None]) -> None:
    """Hold them and let them through as the short ways do: ``send_item``, ``send_items`` and leading."""
    held = hold_interrupts()
    try:
        step("held")
        try:
            if held is not None:
                INTERRUPTS.let_through = True
                if INTERRUPTS.caught:
                    let_interrupts_through()
            step("waiting")
        finally:
            if held is not None:
                INTERRUPTS.let_through = False
        step("held again")
    finally:
        if held is not None:
            INTERRUPTS.let_through = False
            release_interrupts(held)


def by_with(step: Callable[[str], None]) -> None:
    """Do the same in the general form."""
    with InterruptsHeld() as held:
        step("held")
        with InterruptsLetThrough(held.here):
            step("waiting")
        step("held again")


@contextmanager
def around(what: str) -> Iterator[None]:
    """Be in one of the places in which either form may be used."""
    if what == "ignored":
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
    elif what == "nowhere":
        yield
    else:
        with InterruptsHeld() as held, InterruptsLetThrough(held.here and what == "let through"):
            yield


def outcome(
    form: Callable[[Callable[[str], None]], None], place: str, moments: tuple[str, ...]
) -> list[object]:
    """Return what is seen of one form with interrupts at some moments, and what it leaves behind."""
    seen: list[object] = []

    def step(name: str) -> None:
        for _ in range(moments.count(name)):
            interrupt()
        seen.append(name)

    before = signal.getsignal(signal.SIGINT)
    try:
        with around(place):
            here = signal.getsignal(signal.SIGINT)
            try:
                form(step)
            except KeyboardInterrupt:
                seen.append("interrupted inside")
            same = signal.getsignal(signal.SIGINT) is here
            seen += [same, INTERRUPTS.let_through, len(INTERRUPTS.caught)]
    except KeyboardInterrupt:
        seen.append("interrupted behind")
    return [*seen, signal.getsignal(signal.SIGINT) is before, INTERRUPTS.caught]


MOMENTS = ("held", "waiting", "held again")


@pytest.mark.parametrize("place", ["nowhere", "held", "let through", "ignored"])
def test_both_forms_do_the_same_wherever_and_whenever_an_interrupt_comes(place: str) -> None:
    for count in range(3):
        for moments in itertools.product(MOMENTS, repeat=count):
            assert outcome(by_hand, place, moments) == outcome(by_with, place, moments), moments


def test_what_is_the_same_is_what_is_wanted() -> None:
    left = [True, False, 0, True, []]
    assert outcome(by_hand, "nowhere", ()) == [*MOMENTS, *left]
    assert outcome(by_hand, "nowhere", ("held",)) == ["held", "interrupted inside", *left]
    assert outcome(by_hand, "nowhere", ("held again",)) == [*MOMENTS, "interrupted inside", *left]
    assert outcome(by_hand, "ignored", MOMENTS) == [*MOMENTS, *left]
    noted = [True, False, 1, "interrupted behind", True, []]
    assert outcome(by_hand, "held", ("waiting",)) == [*MOMENTS, *noted]
