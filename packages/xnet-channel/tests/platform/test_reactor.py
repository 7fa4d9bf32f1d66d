"""The thread that waits for everything."""

from __future__ import annotations

import os
import queue

import pytest

from xnet_channel.platform.interests import READ
from xnet_channel.platform.reactor import get_reactor

PATIENCE_S = 200.0


def test_it_calls_back_soon_later_and_when_ready() -> None:
    reactor = get_reactor()
    calls: queue.Queue[str] = queue.Queue()
    read, write = os.pipe()

    def ready(events: int) -> None:
        reactor.unwatch(read)
        calls.put("ready")

    reactor.watch(read, READ, ready)
    reactor.call_soon(lambda: calls.put("soon"))
    assert calls.get(timeout=PATIENCE_S) == "soon"
    os.write(write, b"x")
    assert calls.get(timeout=PATIENCE_S) == "ready"
    cancelled = reactor.call_later(0.0, lambda: calls.put("never"))
    cancelled.cancel()
    reactor.call_later(0.001, lambda: calls.put("later"))
    assert calls.get(timeout=PATIENCE_S) in ("later", "never")
    reactor.unwatch(read)
    os.close(read)
    os.close(write)


def fail() -> None:
    raise IndexError("on purpose")


def test_a_callback_that_raises_does_not_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    reactor = get_reactor()
    calls: queue.Queue[bool] = queue.Queue()
    reactor.call_soon(fail)
    reactor.call_soon(lambda: calls.put(reactor.is_current_thread))
    assert calls.get(timeout=PATIENCE_S)
    assert not reactor.is_current_thread
    assert "IndexError" in capsys.readouterr().err


def test_what_is_watched_already_gets_the_new_callback() -> None:
    reactor = get_reactor()
    calls: queue.Queue[str] = queue.Queue()
    read, write = os.pipe()

    def ready(events: int) -> None:
        reactor.unwatch(read)
        calls.put("new")

    reactor.watch(read, READ, lambda events: calls.put("old"))
    reactor.watch(read, READ, ready)
    os.write(write, b"x")
    assert calls.get(timeout=PATIENCE_S) == "new"
    os.close(read)
    os.close(write)
