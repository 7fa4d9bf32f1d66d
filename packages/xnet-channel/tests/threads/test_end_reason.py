"""Who calls between the end of a connection and its reason hears the reason. Spec: GR-020."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from raw_peer import RawPeer
from threads_helpers import PATIENCE_S, eventually
from xnet_channel.threads import end_reason
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.end_reason import REASON_S
from xnet_channel.threads.ending import Ending
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_wire import frames


class LateOwner(SessionOwner):
    """Knows a moment later why the connection has ended, or never."""

    def __init__(self, delay_s: float | None) -> None:
        self._delay_s = delay_s

    def on_eof(self, ending: Ending, error: OSError | None) -> None:
        def tell() -> None:
            with ending.link.lock:
                ending.finish_locked("the reason")

        if self._delay_s is not None:
            ending.link.reactor.call_later(self._delay_s, tell)


CALLS: dict[str, Callable[[Session, Channel], object]] = {
    "send": lambda session, channel: channel.send(1),
    "send in parts": lambda session, channel: channel.send(b"x" * 600_000),
    "send many": lambda session, channel: channel.send_many([1, 2]),
    "asend": lambda session, channel: asyncio.run(channel.asend(1)),
    "request": lambda session, channel: session.request(frames.INFO),
    "new channel": lambda session, channel: session.new_channel(),
    "reconfigure": lambda session, channel: session.reconfigure((True, False)),
    "of a channel": lambda session, channel: channel.reconfigure(),
    "ping": lambda session, channel: session.ping(b"are you there", PATIENCE_S),
}


def until_it_fails(call: Callable[[], object]) -> None:
    """What is written before the end has been read is not refused."""
    while True:
        call()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("seen", [True, False], ids=["the end was read", "the end was not read yet"])
def test_the_reason_is_waited_for(call: str, seen: bool) -> None:
    peer = RawPeer(owner=LateOwner(0.2))
    session = peer.session
    channel = session.request(frames.INFO)
    peer.barrier()
    peer.socket.close()
    if seen:
        with session.lock:
            session.leading.reading.read_rest_locked(1)
    try:
        with pytest.raises(OSError, match="the reason"):
            until_it_fails(lambda: CALLS[call](session, channel))
    finally:
        session.close(flush_s=0.0)


def test_not_for_ever() -> None:
    peer = RawPeer(owner=LateOwner(None))
    session = peer.session
    channel = session.request(frames.INFO)
    peer.barrier()
    peer.socket.close()
    assert eventually(lambda: session.link.eof)
    begun_s = time.monotonic()
    with pytest.raises(OSError, match="the connection has ended"):
        channel.send(1)
    assert time.monotonic() - begun_s >= REASON_S
    session.close(flush_s=0.0)


def test_a_channel_that_has_closed_is_no_reason_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_reason, "REASON_S", PATIENCE_S)
    peer = RawPeer(owner=LateOwner(None))
    channel = peer.session.request(frames.INFO)
    channel.close()
    peer.socket.close()
    assert eventually(lambda: peer.session.link.eof)
    begun_s = time.monotonic()
    with pytest.raises(OSError, match="is closed"):
        channel.send(1)
    assert time.monotonic() - begun_s < PATIENCE_S
    peer.session.close(flush_s=0.0)
