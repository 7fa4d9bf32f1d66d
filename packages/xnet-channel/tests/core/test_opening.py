"""Which frames open a channel, and what may come on ids that are unborn, open and gone.

Spec: CH-008, CH-009, CH-016, CH-061.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core_helpers import (
    batch,
    close,
    code_of,
    credit,
    data,
    execute,
    failed_with,
    frame,
    last,
    open_,
    part,
    running,
    sent,
    taken,
    told,
    with_channel,
)
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages

ROLES = [INITIATOR, WORKER]


@pytest.mark.parametrize("role", ROLES)
def test_ch_008_open_opens_a_channel(role: str) -> None:
    connection = running(role)
    id_ = 6 if role == INITIATOR else 5
    assert told(connection.receive_data(open_(id_) + data(id_))) == [
        ("ChannelOpened", id_),
        ("ItemsReceived", id_),
    ]
    assert taken(connection, connection.table.open[id_]) == [7]
    assert connection.failure is None


@pytest.mark.parametrize(
    "stream",
    [
        execute(1),
        open_(1),
        close(1) + execute(1),
        close(1) + open_(1),
        open_(9) + open_(7),
        execute(9) + frame(frames.STATUS, 5),
        frame(frames.INFO, 9) + open_(9),
    ],
)
def test_ch_009_an_id_that_is_not_above_all_before_it(stream: bytes) -> None:
    assert code_of(WORKER, stream) == codes.STATE_VIOLATION


@pytest.mark.parametrize("stream", [execute(4), open_(4), frame(frames.STATUS, 2)])
def test_ch_009_an_id_of_the_receiver(stream: bytes) -> None:
    assert code_of(WORKER, stream) == codes.ROLE_VIOLATION
    assert code_of(INITIATOR, open_(3)) == codes.ROLE_VIOLATION


def test_ch_008_ids_may_be_skipped() -> None:
    connection = running(WORKER)
    for id_ in (1, 7, 2**31 + 1, 2**32 - 1):
        assert len(connection.receive_data(execute(id_))) == 1
    assert connection.receive_data(data(3) + part(5, b"x") + close(9)) == []  # gone
    assert connection.failure is None


#: Every frame that a channel may carry, by what it is.
ON_A_CHANNEL: dict[str, Callable[[int], bytes]] = {
    "data": data,
    "part": lambda id_: part(id_, b"x"),
    "batch": lambda id_: batch(id_, 1),
    "malformed batch": lambda id_: frame(frames.CHANNEL_BATCH, id_, b"\xff"),
    "last": last,
    "close": close,
    "error": lambda id_: close(id_, "why"),
    "credit": lambda id_: credit(id_, 5),
    "flags": lambda id_: frame(frames.RECONFIGURE, id_, messages.encode_reconfigure((True, True))),
}


@pytest.mark.parametrize("what", ON_A_CHANNEL)
@pytest.mark.parametrize("role", ROLES)
def test_ch_016_ch_061_unborn_is_a_violation_and_gone_is_dropped(role: str, what: str) -> None:
    for unborn in (3, 4, 2**32 - 1):
        connection, _ = with_channel(role)
        connection.receive_data(ON_A_CHANNEL[what](unborn))
        assert failed_with(connection) == codes.STATE_VIOLATION
        assert f"nobody has opened channel {unborn}" in str(connection.failure)
    connection, channel = with_channel(role)
    theirs = 6 if role == INITIATOR else 7
    connection.receive_data(open_(theirs) + close(theirs))
    connection.send_close(channel)
    sent(connection)
    for gone in (1, theirs, theirs - 2):
        late = [("LateErrorReceived",)] if what == "error" else []
        assert told(connection.receive_data(ON_A_CHANNEL[what](gone))) == late
    assert sent(connection) == []
    assert connection.table.open == {}
    assert connection.failure is None
