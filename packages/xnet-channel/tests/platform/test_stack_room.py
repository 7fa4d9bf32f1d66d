"""Callers whose stack is nearly used up: nobody else may suffer for them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable

import pytest

from threads_helpers import PATIENCE_S, pair
from xnet_channel.platform.stack_room import may_read

ROOMS = range(8, 130)


def with_calls_left(room: int, action: Callable[[], object]) -> object:
    """Do something where so many calls are left of Python's limit."""

    def descend(calls: int) -> object:
        return descend(calls - 1) if calls > 0 else action()

    return descend(sys.getrecursionlimit() - len(inspect.stack()) - room)


def test_who_has_room_reads_who_has_less_waits_for_others_and_who_has_next_to_none_is_refused() -> None:
    assert may_read()
    assert with_calls_left(400, may_read) is True
    assert with_calls_left(200, may_read) is False
    with pytest.raises(RecursionError, match="too few calls are left of"):
        with_calls_left(40, may_read)


def test_a_low_limit_leaves_something() -> None:
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(len(inspect.stack()) * 3)
        assert may_read()
    finally:
        sys.setrecursionlimit(limit)


def test_receiving_where_few_calls_are_left_harms_no_channel() -> None:
    """It was read by whoever waited: the RecursionError came in the middle and ended the connection."""
    with pair() as both:
        ours, theirs = both.channels()
        other, other_theirs = both.channels()
        received = 0
        for room in ROOMS:
            theirs.send([[room], "text"])
            other_theirs.send(room)
            try:
                with_calls_left(room, lambda: ours.receive(PATIENCE_S))
                received += 1
            except RecursionError:
                assert ours.receive(PATIENCE_S) == [[room], "text"]
            assert other.receive(PATIENCE_S) == room
        assert received > 40
