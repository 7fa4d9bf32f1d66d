"""The wake-up flag."""

from __future__ import annotations

import select

from xnet_channel.platform.waker import Waker


def test_waking_twice_is_waking_once() -> None:
    waker = Waker()
    poller = select.poll()
    poller.register(waker, select.POLLIN)
    waker.wake()
    waker.wake()
    assert poller.poll(0)
    waker.drain()
    assert not poller.poll(0)
    waker.close()
    waker.wake()  # nobody waits any more; nothing is raised
