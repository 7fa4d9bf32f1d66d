"""Whether a thread that took an item is still there."""

from __future__ import annotations

import threading

from background import Background
from threads_helpers import PATIENCE_S
from xnet_channel.threads import takers


def test_a_thread_is_the_same_until_it_ends() -> None:
    me = takers.current()
    assert takers.current() is me
    go_on = threading.Event()
    found: list[takers.Taker | takers.GreenletTaker] = []

    def look() -> None:
        found.append(takers.current())
        assert go_on.wait(PATIENCE_S)

    other = Background(look)
    while not found:
        other._thread.join(0.001)
    assert found[0] is not me
    before = found[0].ended
    go_on.set()
    assert other.end() is None
    assert (before, found[0].ended, me.ended) == (False, True, False)


def test_the_next_thread_with_its_number_is_another_one() -> None:
    found = [Background(takers.current).end() for _ in range(20)]
    assert len({id(one) for one in found}) == 20
    assert all(one.ended for one in found)  # type: ignore[attr-defined]


def test_who_stands_for_another_does_not_end_it() -> None:
    me = takers.current()

    def stand() -> bool:
        takers.stand_for(me)
        return takers.current() is me

    assert Background(stand).end() is True
    assert not me.ended
