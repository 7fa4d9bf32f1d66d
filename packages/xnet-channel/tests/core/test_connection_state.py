"""GOAWAY: it ends a connection, and says how far it went.

Spec: ER-001 to ER-008, GR-012, GR-022.
"""

from __future__ import annotations

import pytest

from core_helpers import (
    data,
    frame,
    running,
    sent,
    told,
    with_channel,
)
from xnet_channel.core import states
from xnet_channel.core.errors import PeerGoneAway
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values

ROLES = [INITIATOR, WORKER]


@pytest.mark.parametrize("code", [codes.NO_ERROR, codes.INTERNAL_ERROR, 4711])
@pytest.mark.parametrize("role", ROLES)
def test_er_004_er_010_goaway_ends_the_connection_and_is_not_answered(role: str, code: int) -> None:
    connection, channel = with_channel(role)
    events = connection.receive_data(
        data(1) + frame(frames.GOAWAY, 0, messages.encode_goaway(code, "that is why")) + data(1)
    )
    assert told(events) == [("ItemsReceived", 1)]  # ER-007
    assert isinstance(connection.failure, PeerGoneAway)
    assert (connection.failure.code, str(connection.failure)) == (code, "that is why")
    assert connection.phase == states.ENDED_CONNECTION
    assert connection.take(channel) == 7
    assert sent(connection) == []


def test_er_008_goaway_says_how_far_it_went() -> None:
    """Spec: GR-012."""
    worker = running(WORKER)
    worker.receive_data(frame(frames.STATUS, 3) + frame(frames.CHANNEL_OPEN, 7))
    worker.receive_data(frame(frames.CHANNEL_CLOSE, 7) + frame(frames.GATEWAY_TERMINATE, 0, b"\xa0"))
    sent(worker)
    worker.send_goaway("done")
    worker.send_goaway("twice")
    [(_, _, payload)] = sent(worker)
    assert messages.decode_goaway(payload) == (codes.NO_ERROR, "done", 7)
    # A frame that breaks a rule opens nothing.
    worker = running(WORKER)
    worker.receive_data(
        frame(frames.STATUS, 3) + frame(frames.CHANNEL_EXEC, 5, b"") + frame(frames.STATUS, 7)
    )
    assert messages.decode_goaway(sent(worker)[-1][2])[2] == 3
    for role in ROLES:
        nobody = running(role)
        nobody.send_goaway("bye")
        assert messages.decode_goaway(sent(nobody)[0][2])[2] == 0


def test_gr_022_requests_that_the_worker_never_looked_at_are_known() -> None:
    connection = running(INITIATOR)
    seen, unseen, answered = (connection.send_request(frames.INFO) for _ in range(3))
    connection.receive_data(frame(frames.CHANNEL_OPEN, 6) + data(answered.id))
    theirs = connection.table.open[6]
    assert not connection.is_unknown_to_peer(unseen)
    connection.receive_data(frame(frames.GOAWAY, 0, messages.encode_goaway(0, "bye", seen.id)))
    assert connection.ended_in_order
    assert connection.is_unknown_to_peer(unseen)
    # Its own channels, and one on which something came whatever its last frame says, are none of them.
    for channel in (seen, theirs, answered):
        assert not connection.is_unknown_to_peer(channel)


def test_gr_022_a_worker_that_says_nothing_readable_has_perhaps_begun_everything() -> None:
    for payload in (b"\xa0", values.encode({"code": 0, "text": "", "last": 2**32})):
        connection = running(INITIATOR)
        request = connection.send_request(frames.INFO)
        connection.receive_data(frame(frames.GOAWAY, 0, payload))
        assert not connection.is_unknown_to_peer(request)
        assert not connection.ended_in_order


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x01", values.encode({"code": -1, "text": "x"})])
def test_er_004_a_malformed_goaway_is_not_answered_either(payload: bytes) -> None:
    connection = running(WORKER)
    connection.receive_data(frame(frames.GOAWAY, 0, payload))
    assert isinstance(connection.failure, PeerGoneAway)
    assert connection.failure.code == codes.PAYLOAD_MALFORMED
    assert "without a readable reason" in str(connection.failure)
    assert sent(connection) == []
