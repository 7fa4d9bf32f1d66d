"""What the caller may ask for, and that a refusal sends nothing.

Spec: CH-008, CH-010, CH-011, CH-035, CH-040, CH-041, CH-042, CH-045, ER-002, FC-002, FC-003, FC-020,
FC-021, FC-022, FC-024, FR-004, FR-008, FR-020, GR-001, HS-007, LI-005, TR-010.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from core_helpers import (
    EXEC_PAYLOAD,
    WINDOW,
    close,
    data,
    encode,
    frame,
    other,
    part,
    running,
    sent,
    silent,
    with_channel,
)
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import LocalProtocolError, ProtocolError
from xnet_channel.core.events import RequestReceived
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import frames, messages
from xnet_wire.channel_errors import ChannelError, decode_channel_error
from xnet_wire.limits import ITEM_COST_BYTES, Limits
from xnet_wire.messages import Hello

ROLES = [INITIATOR, WORKER]

CALLS: dict[str, Callable[[Connection], object]] = {
    "open_channel": lambda connection: connection.open_channel(),
    "send_request": lambda connection: connection.send_request(frames.STATUS),
    "send_reconfigure": lambda connection: connection.send_reconfigure(0, (True, True)),
    "send_ping": lambda connection: connection.send_ping(b""),
    "send_terminate": lambda connection: connection.send_terminate(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("role", ROLES)
def test_hs_007_before_the_hello_of_the_peer_only_hello_is_sent(role: str, call: str) -> None:
    connection = silent(role)
    with pytest.raises(LocalProtocolError, match="HELLO has not arrived"):
        CALLS[call](connection)
    assert sent(connection) == []


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("role", ROLES)
def test_er_002_after_the_end_nothing_is_sent(role: str, call: str) -> None:
    connection, channel = with_channel(role)
    connection.fail(ProtocolError("enough"))
    with pytest.raises(LocalProtocolError, match="connection has ended"):
        CALLS[call](connection)
    for send in (
        lambda: connection.send_item(channel, b"\x07", 65),
        lambda: connection.send_part(channel, b"\x07"),
        lambda: connection.send_batch(channel, b"\x81\x07", 66),
        lambda: connection.send_last(channel),
    ):
        with pytest.raises(LocalProtocolError, match="connection has ended"):
            send()
    connection.send_close(channel)
    assert sent(connection) == []
    assert channel.closed


@pytest.mark.parametrize("frame_type", [frames.STATUS, frames.INFO, frames.CHANNEL_EXEC])
def test_fr_008_a_worker_asks_for_nothing(frame_type: int) -> None:
    connection = running(WORKER)
    with pytest.raises(LocalProtocolError, match="the worker does not send"):
        connection.send_request(frame_type)
    with pytest.raises(LocalProtocolError, match="does not send GATEWAY_TERMINATE"):
        connection.send_terminate()
    with pytest.raises(LocalProtocolError, match="does not send PING as a request"):
        running(INITIATOR).send_request(frames.PING)
    assert sent(connection) == []


def test_gr_001_terminate() -> None:
    connection = running(INITIATOR)
    connection.send_terminate()
    assert sent(connection) == [(frames.GATEWAY_TERMINATE, 0, b"\xa0")]
    connection = running(INITIATOR)
    connection.send_terminate(250, 0)
    [(_, _, payload)] = sent(connection)
    assert messages.decode_terminate(payload) == (250, 0)


ENDING = "asked to end"


def test_gr_002_after_terminate_no_work_is_given() -> None:
    connection, channel = with_channel(INITIATOR)
    connection.send_terminate()
    sent(connection)
    for call in ("open_channel", "send_request", "send_terminate"):
        with pytest.raises(LocalProtocolError, match=ENDING):
            CALLS[call](connection)
    for send in (connection.send_item, connection.send_batch):
        with pytest.raises(LocalProtocolError, match=ENDING):
            send(channel, encode(1), 65)
    with pytest.raises(LocalProtocolError, match=ENDING):
        connection.send_part(channel, b"\x01")
    assert sent(connection) == []


def test_gr_002_after_terminate_the_rest_goes_on() -> None:
    connection, channel = with_channel(INITIATOR)
    connection.send_terminate()
    sent(connection)
    payload = encode(b"x" * 1000)
    count = WINDOW // (len(payload) + 64)
    connection.receive_data(frame(frames.CHANNEL_DATA, channel.id, payload) * count)
    connection.receive_data(frame(frames.PING, 0, b"there?"))
    for _ in range(count):
        connection.take(channel)
    connection.send_last(channel)
    connection.send_close(channel)
    kinds = [kind for kind, _, _ in sent(connection)]
    assert kinds[0] == frames.PONG
    assert kinds[-2:] == [frames.CHANNEL_LAST_MESSAGE, frames.CHANNEL_CLOSE]
    assert set(kinds[1:-2]) == {frames.CHANNEL_CREDIT}
    connection.receive_eof()
    assert connection.failure is None


def test_ch_008_a_request_uses_a_fresh_id_and_is_understood() -> None:
    initiator, worker = running(INITIATOR), running(WORKER)
    opened = [
        initiator.send_request(frames.STATUS),
        initiator.open_channel(),
        initiator.send_request(frames.CHANNEL_EXEC, EXEC_PAYLOAD),
    ]
    assert [channel.id for channel in opened] == [1, 3, 5]
    events = worker.receive_data(b"".join(initiator.data_to_send()))
    assert [e.channel.id for e in events if isinstance(e, RequestReceived)] == [1, 5]


def test_fr_004_li_005_a_request_above_the_frame_limit_is_refused_locally() -> None:
    connection = running(INITIATOR, None, Hello("peer", limits=Limits(frame=65_536)))
    with pytest.raises(LocalProtocolError, match="65537 bytes long but the peer takes at most 65536"):
        connection.send_request(frames.CHANNEL_EXEC, bytes(65_537))
    assert connection.send_request(frames.CHANNEL_EXEC, bytes(65_536)).id == 1


@pytest.mark.parametrize("role", ROLES)
def test_ch_011_li_005_a_channel_above_the_limit_is_refused_locally(role: str) -> None:
    connection = running(role, None, Hello("peer", limits=Limits(channels=2)))
    first = connection.open_channel()
    connection.open_channel()
    with pytest.raises(LocalProtocolError, match="the most that the peer takes"):
        connection.open_channel()
    if role == INITIATOR:
        with pytest.raises(LocalProtocolError, match="the most that the peer takes"):
            connection.send_request(frames.STATUS)
    assert [frame_type for frame_type, _, _ in sent(connection)] == [frames.CHANNEL_OPEN] * 2
    connection.receive_data(close(first.id))
    connection.open_channel()


def test_fc_003_without_credit_nothing_is_sent() -> None:
    connection, channel = with_channel(WORKER)
    channel.sender.credit = 64
    assert connection.send_item(channel, b"\x07", 65) is False
    assert connection.send_part(channel, bytes(65)) is False
    assert connection.send_batch(channel, b"\x81\x07", 66) is False
    assert not channel.sender.in_parts
    assert channel.sender.credit == 64
    assert sent(connection) == []
    assert connection.send_part(channel, bytes(64)) is True
    assert channel.sender.credit == 0


@pytest.mark.parametrize("role", ROLES)
def test_fc_002_what_frames_cost(role: str) -> None:
    connection, channel = with_channel(role)
    assert channel.sender.credit == WINDOW
    connection.send_part(channel, bytes(100))
    assert channel.sender.credit == WINDOW - 100
    connection.send_item(channel, b"", 64)
    assert channel.sender.credit == WINDOW - 164
    connection.send_batch(channel, b"\x82\x01\x02", 3 + 128)
    assert channel.sender.credit == WINDOW - 295
    connection.send_reconfigure(channel.id, (True, True))
    connection.send_last(channel)
    assert channel.sender.credit == WINDOW - 295


def test_fc_020_fc_021_fc_022_no_frame_is_larger_than_a_part() -> None:
    connection, channel = with_channel(WORKER)
    most = WINDOW // 4
    for send in (connection.send_part, lambda c, p: connection.send_item(c, p, len(p) + 64)):
        with pytest.raises(LocalProtocolError, match=f"{most + 1} bytes in one frame; at most {most}"):
            send(channel, bytes(most + 1))
        send(channel, bytes(most))
    with pytest.raises(LocalProtocolError, match="batch that costs 32769 bytes; the window allows 32768"):
        connection.send_batch(channel, bytes(most), WINDOW // 2 + 1)


def test_fc_024_ch_035_nothing_is_sent_into_the_middle_of_an_item() -> None:
    connection, channel = with_channel(INITIATOR)
    connection.send_part(channel, b"\x18")
    sent(connection)
    with pytest.raises(LocalProtocolError, match="batch in the middle of an item"):
        connection.send_batch(channel, b"\x81\x07", 66)
    with pytest.raises(LocalProtocolError, match="last message cannot be in the middle"):
        connection.send_last(channel)
    assert sent(connection) == []
    connection.send_item(channel, b"\x18", 65)
    connection.send_batch(channel, b"\x81\x07", 66)
    connection.send_last(channel)


def test_ch_045_closing_in_the_middle_of_an_item_is_possible() -> None:
    connection, channel = with_channel(INITIATOR)
    connection.send_part(channel, b"\x18")
    connection.send_close(channel, ChannelError("interrupted"))
    assert [frame_type for frame_type, _, _ in sent(connection)] == [
        frames.CHANNEL_PART,
        frames.CHANNEL_CLOSE_ERROR,
    ]


def test_ch_041_ch_042_a_reason_of_any_length_and_content() -> None:
    for text, part_of_it in (
        ("", ""),
        ("it failed", "it failed"),
        ("é" * 60_000, "é" * 1000),
        ("\ud800", "?"),
    ):
        connection, channel = with_channel(WORKER)
        connection.send_close(channel, ChannelError(text))
        ((frame_type, id_, payload),) = sent(connection)
        assert (frame_type, id_) == (frames.CHANNEL_CLOSE_ERROR, 1)
        assert len(payload) <= 65_536
        assert part_of_it in decode_channel_error(payload).text


def test_ch_040_on_a_closed_channel_nothing_is_reconfigured() -> None:
    connection, channel = with_channel(WORKER)
    connection.send_reconfigure(channel.id, (False, False))
    connection.send_close(channel)
    connection.send_reconfigure(channel.id, (True, True))
    connection.send_reconfigure(0, (True, True))
    assert [(t, id_) for t, id_, _ in sent(connection)] == [
        (frames.RECONFIGURE, 1),
        (frames.CHANNEL_CLOSE, 1),
        (frames.RECONFIGURE, 0),
    ]


def test_fr_020_a_long_ping_is_refused_locally() -> None:
    connection = running(WORKER)
    connection.send_ping(bytes(64))
    with pytest.raises(LocalProtocolError, match="65 bytes; at most 64"):
        connection.send_ping(bytes(65))
    assert sent(connection) == [(frames.PING, 0, bytes(64))]


def test_gw_033_an_initiator_cancels_what_is_open_and_a_worker_nothing() -> None:
    worker, channel = with_channel(WORKER)
    with pytest.raises(LocalProtocolError, match="a worker does not send CHANNEL_CANCEL"):
        worker.send_cancel(channel)
    connection, channel = with_channel(INITIATOR)
    connection.send_cancel(channel)
    connection.send_cancel(channel)
    assert sent(connection) == [(frames.CHANNEL_CANCEL, channel.id, b"")] * 2
    connection.receive_data(frame(frames.CHANNEL_CLOSE, channel.id))
    connection.send_cancel(channel)
    assert not [sent_frame for sent_frame in sent(connection) if sent_frame[0] == frames.CHANNEL_CANCEL]


def test_taking_from_an_empty_channel() -> None:
    connection, channel = with_channel(WORKER)
    with pytest.raises(IndexError):
        connection.take(channel)


@pytest.mark.parametrize("role", ROLES)
def test_tr_010_all_frames_are_traced_both_ways(role: str) -> None:
    connection, channel = with_channel(role)
    traced: list[tuple[object, ...]] = []
    connection.set_traces(
        lambda *what: traced.append(("sent", *what)), lambda *what: traced.append(("received", *what))
    )
    connection.receive_data(data(1) + frame(129, 5, b"?") + frame(frames.PING) + part(1, b"xy"))
    connection.send_item(channel, encode(7), 65)
    assert traced == [
        ("received", frames.CHANNEL_DATA, 1, 1),
        ("received", 129, 5, 1),
        ("received", frames.PING, 0, 0),
        ("sent", frames.PONG, 0, 0),
        ("received", frames.CHANNEL_PART, 1, 2),
        ("sent", frames.CHANNEL_DATA, 1, 1),
    ]


@pytest.mark.parametrize("role", ROLES)
def test_ch_008_ch_010_a_channel_of_ours_opens_at_the_peer(role: str) -> None:
    here, channel = with_channel(role)
    there, far = with_channel(other(role))
    mine = here.open_channel()
    here.send_item(channel, encode({"back": [mine]}), 100)
    here.send_item(mine, encode("hello"), 70)
    there.receive_data(b"".join(here.data_to_send()))
    theirs = there.take(far)["back"][0]
    assert theirs.id == mine.id
    assert there.take(theirs) == "hello"
    there.send_item(far, encode(theirs), 70)
    here.receive_data(b"".join(there.data_to_send()))
    assert here.take(channel) is mine


BEFORE: dict[str, Callable[[Connection, ChannelState], object]] = {
    "nothing": lambda connection, channel: None,
    "something is queued": lambda connection, channel: connection.send_ping(b""),
    "it is traced": lambda connection, channel: connection.set_traces(
        lambda *frame: None, lambda *frame: None
    ),
    "nothing more is sent": lambda connection, channel: connection.send_last(channel),
    "it is closed": lambda connection, channel: connection.send_close(channel),
    "the end was asked for": lambda connection, channel: connection.send_terminate(),
    "it has ended": lambda connection, channel: connection.send_goaway("over"),
    "in the middle of an item": lambda connection, channel: connection.send_part(channel, b"x"),
}


def sent_so(short: bool, before: str, size: int, credit: int, item: int) -> tuple[object, ...]:
    """Return all that counts after a payload is sent, by the short way if that takes it."""
    peer = Hello("peer", credit=WINDOW, limits=Limits(item=item))
    connection, channel = with_channel(INITIATOR, peer=peer)
    BEFORE[before](connection, channel)
    channel.sender.credit = credit
    payload = b"x" * size
    came: object = None
    written = connection.small_item(channel, payload) if short else None
    if written is None:
        try:
            came = connection.send_item(channel, payload, size + ITEM_COST_BYTES)
        except LocalProtocolError as error:
            came = str(error)
    else:
        came = True
    stream = (written or b"") + b"".join(connection.data_to_send())
    return came, stream, connection.out.queued_bytes, channel.sender.credit, channel.sender.in_parts


@pytest.mark.parametrize("before", BEFORE)
def test_va_008_the_short_way_of_sending_does_what_the_long_one_does(before: str) -> None:
    for how in itertools.product([0, 1, 100, 101, 255, 256], [0, 64, 65, 319, WINDOW], [1, 100, 2**31]):
        assert sent_so(True, before, *how) == sent_so(False, before, *how), how


def test_the_short_way_of_sending_is_taken() -> None:
    connection, channel = with_channel(WORKER)
    assert connection.small_item(channel, encode(7)) == data(1, 7)
    assert connection.small_item(channel, bytes(256)) is None
