"""Holding SIGINT back in the main thread."""

from __future__ import annotations

import os
import signal

import pytest

from xnet_channel.threads.interrupts import hold_interrupts, release_interrupts


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
