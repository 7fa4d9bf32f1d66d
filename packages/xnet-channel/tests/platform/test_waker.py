"""The wake-up flag."""

from __future__ import annotations

import select

import pytest

from xnet_channel.platform.native import OS
from xnet_channel.platform.waker import Waker


@pytest.mark.parametrize("has_eventfd", [True, False])
def test_waking_twice_is_waking_once(has_eventfd: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_eventfd:
        monkeypatch.delattr(OS, "eventfd", raising=False)
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
