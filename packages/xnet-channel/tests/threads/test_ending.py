"""How a connection ends on this side."""

from __future__ import annotations

import pytest

from core_helpers import data
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S
from xnet_channel.core.roles import WORKER
from xnet_wire import frames


def test_the_first_reason_stays_and_everything_is_given_back() -> None:
    with raw_peer() as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        with session.lock:
            session.ending.finish_locked("the first", asked=True)
            session.ending.finish_locked("the second")
        assert str(session.end_error) == "the first"
        assert not session.link.broken_off
        assert list(channel) == []  # a regular end, as it was asked for
        with pytest.raises(OSError, match="the first"):
            channel.send(1)
        assert not session.descriptors._open


def test_an_end_that_nobody_asked_for_is_no_regular_end_of_items() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        with peer.session.lock:
            peer.session.ending.finish_locked("it broke")
        with pytest.raises(EOFError, match="it broke"):
            list(channel)


def test_who_receives_no_more_may_still_send() -> None:
    with raw_peer(WORKER) as peer:
        peer.write(frames.encode_header(frames.CHANNEL_OPEN, 1, 0))
        peer.write(data(1))
        peer.barrier()
        session = peer.session
        with session.lock:
            channel = session.channel_for_locked(session.connection.table.open[1])
            session.ending.end_receiving_locked("asked to end")
        assert channel.receive(PATIENCE_S) == 7  # it was here before
        with pytest.raises(EOFError, match="asked to end"):
            channel.receive(PATIENCE_S)
        channel.send("last words")
        assert peer.until(frames.CHANNEL_DATA)[-1][1] == 1
        assert not session.finished
