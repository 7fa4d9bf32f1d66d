"""The queue and the lock of callbacks that greenlets run; here between threads, which they are for as well.

With greenlets: test_greenlets.py.
"""

from __future__ import annotations

from typing import Any

from background import Background
from threads_helpers import eventually
from xnet_channel.threads.greenlet_callbacks import GreenletQueue, Turn


def test_entries_come_in_order_and_are_waited_for() -> None:
    queue = GreenletQueue()
    entry: Any = ("mailbox", 1)
    taken = Background(queue.get)
    assert eventually(lambda: bool(queue._waiters._waiters))
    queue.put(entry)
    assert taken.end() == entry
    queue.put(entry)
    queue.put(None)
    assert queue.get() == entry
    assert queue.get() is None


def test_a_turn_is_its_owners_as_often_as_he_likes() -> None:
    turn = Turn()
    assert not turn._is_owned()

    def take() -> str:
        with turn:
            return "mine"

    with turn:
        with turn:
            assert turn._is_owned()
        assert turn._is_owned()
        other = Background(take)
        assert eventually(lambda: bool(turn._waiters._waiters))
        assert other.goes_on
    assert other.end() == "mine"
    assert not turn._is_owned()


def test_a_turn_is_given_back_when_an_error_leaves_it() -> None:
    turn = Turn()
    try:
        with turn:
            raise KeyError
    except KeyError:
        pass
    assert Background(turn.__enter__).end() is None
