"""The thread that waits for everything."""

from __future__ import annotations

import os
import queue
import random
import socket
import time

import pytest

from xnet_channel.platform import native
from xnet_channel.platform.interests import READ, WRITE
from xnet_channel.platform.reactor import Reactor, get_reactor

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


@pytest.fixture(params=["epoll", "poll"])
def reactor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Reactor:
    """A reactor of its own, on each of what it can stand on. Its thread stays."""
    if request.param == "poll":
        monkeypatch.setattr(native, "epoll", None)
    elif native.epoll is None:
        pytest.skip("this system has no epoll")
    return Reactor()


def test_it_tells_what_a_descriptor_is_ready_for(reactor: Reactor) -> None:
    """While it waits already; and at the end of the connection for whatever it is watched for."""
    seen: queue.Queue[tuple[str, int]] = queue.Queue()
    ours, theirs = socket.socketpair()

    def once(name: str, fd: int) -> None:
        def told(events: int) -> None:
            reactor.unwatch(fd)
            seen.put((name, events))

        reactor.watch(fd, {"read": READ, "write": WRITE, "either": READ | WRITE}[name], told)

    once("read", ours.fileno())
    once("write", theirs.fileno())
    assert seen.get(timeout=PATIENCE_S) == ("write", WRITE)
    theirs.send(b"x")
    assert seen.get(timeout=PATIENCE_S) == ("read", READ)
    once("either", ours.fileno())
    assert seen.get(timeout=PATIENCE_S) == ("either", READ | WRITE)
    theirs.close()
    for name, events in (("read", READ), ("write", WRITE), ("either", READ | WRITE)):
        once(name, ours.fileno())
        assert seen.get(timeout=PATIENCE_S) == (name, events)
    ours.close()


def test_a_watch_that_ended_in_the_same_round_is_not_told(reactor: Reactor) -> None:
    """Each of the two that are ready at once ends the other's watch, and watches its number for another."""
    pairs = [os.pipe() for _ in range(2)]
    told: queue.Queue[int] = queue.Queue()
    blocked, release = native.allocate_lock(), native.allocate_lock()
    release.acquire()
    blocked.acquire()

    def block() -> None:
        blocked.release()
        release.acquire()

    reactor.call_soon(block)
    blocked.acquire()  # from here on it does not poll

    def first(number: int) -> None:
        for read, _ in pairs:
            reactor.unwatch(read)
        reactor.watch(pairs[1 - number][0], WRITE, lambda events: told.put(-1))
        told.put(number)

    for number, (read, write) in enumerate(pairs):
        os.write(write, b"x")
        reactor.watch(read, READ, lambda events, number=number: first(number))  # type: ignore[misc]
    release.release()
    assert told.get(timeout=PATIENCE_S) in (0, 1)
    done: queue.Queue[None] = queue.Queue()
    reactor.call_later(0.01, lambda: done.put(None))
    done.get(timeout=PATIENCE_S)
    assert told.empty()
    for read, write in pairs:
        reactor.unwatch(read)
        os.close(read)
        os.close(write)


def test_a_descriptor_that_was_closed_while_watched_can_be_unwatched(reactor: Reactor) -> None:
    read, write = os.pipe()
    reactor.watch(read, READ, lambda events: None)
    os.close(read)
    reactor.unwatch(read)
    reactor.unwatch(read)
    os.close(write)


def test_timers_run_when_they_are_due_in_their_order(reactor: Reactor) -> None:
    order: queue.Queue[tuple[int, float]] = queue.Queue()
    delays = [number // 2 for number in range(60)]  # two for each time
    random.Random(7).shuffle(delays)
    timers = [
        reactor.call_later(
            0.05 + delay / 1000,
            lambda number=number: order.put((number, native.CLOCK.monotonic())),  # type: ignore[misc]
        )
        for number, delay in enumerate(delays)
    ]
    for number, _ in enumerate(delays):
        if number % 7 == 0:
            reactor.call_later(0.06, lambda: order.put((-1, 0.0))).cancel()
    told = [order.get(timeout=PATIENCE_S) for _ in delays]
    assert [number for number, _ in told] == sorted(range(60), key=lambda number: timers[number].deadline_s)
    assert all(at_s >= timers[number].deadline_s for number, at_s in told)


def test_waiting_for_a_timer_takes_no_time_of_the_processor(reactor: Reactor) -> None:
    """What is left is not rounded down to a poll of nothing, again and again."""
    done: queue.Queue[None] = queue.Queue()
    polls = 0
    poll = reactor._wait

    def counted(timeout_s: float | None) -> list[tuple[int, int]]:
        nonlocal polls
        polls += 1
        return poll(timeout_s)

    reactor._wait = counted  # type: ignore[method-assign]
    for number in range(10):
        reactor.call_later(0.0105 + number / 100, lambda: None)
    reactor.call_later(0.2, lambda: done.put(None))
    began_s = time.monotonic()
    done.get(timeout=PATIENCE_S)
    assert time.monotonic() - began_s >= 0.2
    assert polls <= 2 * 11 + 12  # one for each call from here at most, one for each time
