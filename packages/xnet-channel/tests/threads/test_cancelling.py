"""Threads whose execution is to end. What a whole worker does is in test_cancelled.py of the gateway."""

from __future__ import annotations

import threading

import pytest

from threads_helpers import PATIENCE_S
from xnet_channel.threads.cancelling import Cancelling
from xnet_channel.threads.errors import CANCEL, INTERRUPT


def test_a_thread_is_interrupted_once_and_no_other() -> None:
    cancelling = Cancelling()
    cancelling.threads.add(threading.get_ident())
    other = threading.Thread(target=cancelling.interrupt_here_locked)
    other.start()
    other.join(PATIENCE_S)
    assert not other.is_alive()
    with pytest.raises(KeyboardInterrupt):
        cancelling.interrupt_here_locked()
    cancelling.interrupt_here_locked()


def test_what_has_ended_is_not_interrupted_any_more() -> None:
    cancelling = Cancelling()
    cancelling.threads.add(threading.get_ident())
    cancelling.channels.add(5)
    assert cancelling.reason_locked(5, INTERRUPT) is CANCEL
    cancelling.forget_locked(5, threading.get_ident())
    cancelling.interrupt_here_locked()
    assert cancelling.reason_locked(5, INTERRUPT) is INTERRUPT
