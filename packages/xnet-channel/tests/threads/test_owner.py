"""The plain owner of a session: what happens when nobody cares. Spec: CH-041."""

from __future__ import annotations

import pytest

from core_helpers import execute, frame
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S
from xnet_channel.core.roles import WORKER
from xnet_channel.threads.owner import SessionOwner
from xnet_wire import frames
from xnet_wire.channel_errors import REFUSED, decode_channel_error


@pytest.mark.parametrize(
    ("request_frame", "name"),
    [
        (frame(frames.STATUS, 1), "STATUS"),
        (frame(frames.INFO, 1), "INFO"),
        (execute(1), "CHANNEL_EXEC"),
    ],
)
def test_a_request_is_refused_by_its_name_and_the_session_goes_on(request_frame: bytes, name: str) -> None:
    with raw_peer(WORKER) as peer:
        peer.write(request_frame)
        [(kind, channel, payload)] = peer.barrier()
        assert (kind, channel) == (frames.CHANNEL_CLOSE_ERROR, 1)
        error = decode_channel_error(payload)
        assert (error.text, error.code) == (f"this worker does not answer {name}", REFUSED)


def test_being_asked_to_end_is_left_to_whoever_cares() -> None:
    with raw_peer(WORKER) as peer:
        peer.write(frame(frames.GATEWAY_TERMINATE, 0, b"\xa0"))
        assert peer.barrier() == []
        assert not peer.session.finished


def test_the_end_of_the_stream_ends_the_session_with_a_reason() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.barrier()  # what is unread when it closes would make it a reset
        peer.socket.close()
        with pytest.raises(EOFError, match="the other side ended the connection"):
            channel.receive(PATIENCE_S)
        assert peer.session.finished


def test_a_channel_names_the_owner_of_its_session() -> None:
    owner = SessionOwner()
    with raw_peer(owner=owner) as peer:
        assert peer.session.request(frames.INFO).gateway is owner
