"""Something that comes true once."""

from __future__ import annotations

import threading

from background import Background
from threads_helpers import PATIENCE_S, eventually
from xnet_channel.threads.flag import Flag


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
