"""Items and their parts, batches, references; and that it does not matter how the stream was split.

Spec: CH-010, CH-030, CH-031, CH-032, CH-034, CH-035, CH-036, CH-038, ER-005, ER-007, FC-014, FR-002,
FR-013.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_helpers import (
    WINDOW,
    batch,
    close,
    credit,
    data,
    deliver_in,
    deliver_through_view,
    deliver_whole,
    encode,
    examples,
    execute,
    failed_with,
    frame,
    hello_frame,
    last,
    local_hello,
    open_,
    part,
    running,
    sent,
    silent,
    taken,
    told,
    with_channel,
)
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.events import Event, ItemsReceived
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values
from xnet_wire.errors import WireError

ROLES = [INITIATOR, WORKER]
WIDE = local_hello(credit=2**24)


# -- items ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_ch_031_items_arrive_in_order_each_once(role: str) -> None:
    connection, channel = with_channel(role)
    stream = b"".join(data(1, n) for n in range(20)) + batch(1, 20, 21, 22) + data(1, 23)
    events = connection.receive_data(stream)
    assert told(events) == [("ItemsReceived", 1)] * 24
    assert len([event for event in events if isinstance(event, ItemsReceived)]) == 3
    assert taken(connection, channel) == list(range(24))


def test_one_event_stands_for_a_run_of_items_on_one_channel() -> None:
    connection = running(WORKER)
    connection.receive_data(execute(1) + execute(3))
    events = connection.receive_data(data(1) * 3 + data(3) * 2 + data(1) + frame(frames.PONG) + data(1))
    counts = [(e.channel.id, e.count) for e in events if isinstance(e, ItemsReceived)]
    assert counts == [(1, 3), (3, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize("cuts", [[1], [1, 2], [3, 3], [0, 5], list(range(1, 12)), [11], [5, 11]])
def test_ch_030_ch_032_an_item_in_parts_of_any_size(cuts: list[int]) -> None:
    """The last piece may be empty; a PART is not."""
    payload = encode(["x", {"y": 2.5}])[:11]
    whole = values.encode(b"abcdefghij")
    assert len(whole) == len(payload) == 11
    connection, channel = with_channel(WORKER)
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    stream = b"".join(part(1, piece) for piece in pieces[:-1] if piece)
    events = connection.receive_data(stream + frame(frames.CHANNEL_DATA, 1, pieces[-1]) + data(1))
    assert told(events) == [("ItemsReceived", 1)] * 2
    assert taken(connection, channel) == [b"abcdefghij", 7]


def test_ch_034_a_batch_is_as_many_items() -> None:
    one, first = with_channel(WORKER)
    other, second = with_channel(WORKER)
    items: list[Any] = [1, "two", [3], {"four": (4,)}, b"5"]
    one.receive_data(batch(1, *items))
    other.receive_data(b"".join(data(1, item) for item in items))
    assert taken(one, first) == taken(other, second) == items
    # the array head, in a frame of its own kind, is all that costs more
    assert first.receiver.consumed == second.receiver.consumed + 1


def test_fc_014_each_item_of_a_batch_has_its_share_of_the_cost() -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(batch(1, *range(10)))
    for count in range(1, 11):
        assert connection.take(channel) == count - 1
        assert channel.receiver.consumed == (651 if count == 10 else 65 * count)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x80", b"\xa0", b"\x9f\x01\xff", b"\x82\x01", b"\x81\x01\x01", b"\x9a\x00", b"\x82\x01\xf7"],
)
def test_ch_034_ch_038_anything_else_in_a_batch_is_malformed(payload: bytes) -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(data(1) + frame(frames.CHANNEL_BATCH, 1, payload))
    assert failed_with(connection) == codes.VALUE_MALFORMED
    assert "CHANNEL_BATCH on channel 1" in str(connection.failure)
    assert taken(connection, channel) == [7]


@pytest.mark.parametrize("intruder", [batch(1, 1), last(1)])
@pytest.mark.parametrize("role", ROLES)
def test_ch_035_what_must_not_be_in_the_middle_of_an_item(role: str, intruder: bytes) -> None:
    connection, _ = with_channel(role)
    connection.receive_data(part(1, b"\x18") + intruder)
    assert failed_with(connection) == codes.STATE_VIOLATION
    assert "in the middle of an item" in str(connection.failure)


def test_what_may_be_in_the_middle_of_an_item() -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(execute(3))
    flags = messages.encode_reconfigure((True, False))
    stream = part(1, b"\x18") + credit(1, 5) + frame(frames.RECONFIGURE, 1, flags) + frame(frames.PING)
    stream += data(3) + batch(3, 1, 2) + part(3, b"\x18") + execute(5) + last(5) + close(5) + open_(7)
    connection.receive_data(stream + frame(frames.CHANNEL_DATA, 1, b"\x2a"))
    assert connection.failure is None
    assert taken(connection, channel) == [42]


@pytest.mark.parametrize("end", [close(1), close(1, "why"), b"eof", b"local"])
def test_ch_036_an_incomplete_item_is_discarded(end: bytes) -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(data(1) + part(1, b"\x18"))
    if end == b"eof":
        connection.receive_eof()
    elif end == b"local":
        connection.send_close(channel)
    else:
        connection.receive_data(end)
    assert connection.failure is None
    assert end == b"eof" or channel.receiver.parts is None
    connection.receive_data(frame(frames.CHANNEL_DATA, 1, b"\x2a"))
    assert taken(connection, channel) == [7]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x01\x01", b"\x18", b"\xf7", b"\xd9\xff\xff\x01"])
@pytest.mark.parametrize("role", ROLES)
def test_er_007_a_malformed_item_leaves_what_came_before_it(role: str, payload: bytes) -> None:
    for stream in (
        frame(frames.CHANNEL_DATA, 1, payload),
        part(1, payload) + frame(frames.CHANNEL_DATA, 1) if payload else b"",
    ):
        if not stream:
            continue
        connection, channel = with_channel(role)
        events = connection.receive_data(data(1, "before") + stream + data(1, "after"))
        assert told(events) == [("ItemsReceived", 1)]
        assert failed_with(connection) == codes.VALUE_MALFORMED
        assert "CHANNEL_DATA on channel 1" in str(connection.failure)
        assert isinstance(connection.failure.__cause__, WireError)  # type: ignore[union-attr]
        assert taken(connection, channel) == ["before"]


@pytest.mark.parametrize("id_", [4, 3, 0, 2**32, 2**32 + 2, 2**64 - 1])
def test_ch_010_a_reference_to_what_never_was(id_: int) -> None:
    connection, _ = with_channel(WORKER)
    tag = b"\xd9\xe4\x22"  # 58402
    connection.receive_data(frame(frames.CHANNEL_DATA, 1, tag + values.encode(id_)))
    assert failed_with(connection) == codes.VALUE_MALFORMED


def test_ch_010_closed_references_never_come_back_to_life() -> None:
    connection, channel = with_channel(INITIATOR)
    tag = b"\xd9\xe4\x22"
    refer = frame(frames.CHANNEL_DATA, 1, tag + b"\x04")
    connection.receive_data(open_(4) + refer)
    assert set(connection.table.open) == {1, 4}
    first = connection.take(channel)
    assert first is connection.table.open[4]
    connection.receive_data(close(4) + refer + data(4))
    again = connection.take(channel)
    assert first.closed
    assert again.closed
    assert set(connection.table.open) == {1}
    assert not again.receiver.items
    connection.send_close(channel)
    connection.receive_data(refer)  # the carrier is closed now
    assert connection.table.open == {}
    assert connection.failure is None


# -- one and the same, however it is split -------------------------------------------------------

LONG = bytes(range(256)) * 40  # above what gets a buffer of its own
REFERENCE = frame(frames.CHANNEL_DATA, 1, b"\xd9\xe4\x22\x09")
STORY = (
    execute(1)
    + open_(9)
    + data(1, LONG)
    + part(1, encode(LONG)[:5000])
    + frame(frames.PING, 0, b"1")
    + frame(frames.CHANNEL_DATA, 1, encode(LONG)[5000:])
    + batch(1, LONG, "a", LONG)
    + batch(1, 1)
    + REFERENCE
    + data(9, "on nine")
    + data(5, "dropped")
    + frame(150, 77, LONG)
    + frame(frames.RECONFIGURE, 0, messages.encode_reconfigure((True, True)))
    + data(1, "text")
    + credit(9, 1000)
    + frame(frames.STATUS, 11)
    + last(9)
    + close(1, "x" * 6000)
    + data(1)
    + close(7)
    + frame(frames.GATEWAY_TERMINATE, 0, b"\xa0")
    + frame(frames.PING, 0, b"2")
)
ENDS = {
    "nothing": b"",
    "unknown type": frame(99) + data(9),
    "too large": frames.encode_header(frames.CHANNEL_DATA, 9, 2**30) + b"abc",
    "state": data(9) + frame(frames.PING),
    "malformed": frame(frames.PING, 0, bytes(65)) + frame(frames.PING),
    "goaway": frame(frames.GOAWAY, 0, messages.encode_goaway(0, "bye")) + frame(frames.PING),
    "half a frame": data(9, LONG)[:-1],
}


def outcome(role: str, stream: bytes, deliver: Callable[[Connection, bytes], list[Event]]) -> tuple[Any, ...]:
    """Return all that can be told of a connection to which the stream was delivered."""
    connection = silent(role, WIDE)
    states: list[ChannelState] = []
    story = told_with_channels(deliver(connection, stream), states)
    connection.receive_eof()
    items = {}
    for state in states:
        waiting = [item for _, item, _ in state.receiver.items]
        items[state.id] = [item.id if isinstance(item, ChannelState) else item for item in waiting]
    failure = connection.failure
    return (
        story,
        items,
        {id_: repr(state) for id_, state in connection.table.open.items()},
        {state.id: (state.receiver.arrived, state.sender.credit) for state in states},
        sent(connection),
        None if failure is None else (type(failure), str(failure)),
        connection.phase,
        bytes(connection.handshake.noise),
    )


def told_with_channels(events: list[Event], states: list[ChannelState]) -> list[tuple[object, ...]]:
    for event in events:
        state = getattr(event, "channel", None)
        if isinstance(state, ChannelState) and state not in states:
            states.append(state)
    return told(events)


def stream_for(role: str, end: str) -> bytes:
    return (b"noise\n" + PREAMBLE if role == INITIATOR else b"") + hello_frame() + STORY + ENDS[end]


@pytest.mark.parametrize("end", ENDS)
def test_fr_002_fr_013_whole_byte_by_byte_and_through_the_view(end: str) -> None:
    stream = stream_for(WORKER, end)
    expected = outcome(WORKER, stream, deliver_whole)
    assert len(expected[0]) > 10
    for deliver in (deliver_in(1), deliver_in(9), deliver_in(4097), deliver_through_view):
        assert outcome(WORKER, stream, deliver) == expected


@given(st.sampled_from(ROLES), st.sampled_from(sorted(ENDS)), st.data())
@examples(60, 5000)
def test_fr_002_random_splits(role: str, end: str, data_: st.DataObject) -> None:
    stream = stream_for(role, end)
    cuts = sorted(data_.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    through_view = data_.draw(st.booleans())

    def deliver(connection: Connection, stream: bytes) -> list[Event]:
        events: list[Event] = []
        for begin, end_ in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            piece = stream[begin:end_]
            if through_view:
                events += deliver_through_view(connection, piece, len(piece) or 1)
            else:
                events += connection.receive_data(piece)
        return events

    assert outcome(role, stream, deliver) == outcome(role, stream, deliver_whole)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_what_was_read_is_not_kept(kind: type) -> None:
    connection, channel = with_channel(WORKER)
    chunk = bytearray(data(1, b"abc") + batch(1, "x", [b"y"]) + part(1, b"\x43de") + data(1, 1)[:4])
    connection.receive_data(kind(chunk))
    chunk[:] = bytes(len(chunk))
    connection.receive_data(frame(frames.CHANNEL_DATA, 1, b"f")[4:])
    assert connection.failure is None
    assert taken(connection, channel) == [b"abc", "x", [b"y"], b"def"]


def test_er_005_a_payload_that_fills_after_the_end_has_no_effect() -> None:
    connection, channel = with_channel(WORKER)
    stream = data(1, LONG)
    connection.receive_data(stream[:-1])
    view = connection.receiving.pending_view()
    assert view is not None
    connection.receive_eof()
    view[:] = stream[-1:]
    assert connection.receiving.pending_filled(1) == []
    assert not channel.receiver.items


# -- the short way -------------------------------------------------------------------------------


BEFORE = [
    b"",
    data(1),
    part(1, b"\x18"),
    last(1),
    close(1),
    data(1)[:3],
    data(1, LONG)[:-10],
    frame(frames.RECONFIGURE, 1, b"\x82\xf5\xf5"),
]
ARRIVED = [
    data(1),
    data(1, "text"),
    data(1, LONG),
    data(3),
    data(1) + data(1),
    data(1)[:-1],
    b"",
    b"\x04",
    frame(frames.CHANNEL_DATA, 1, b"\xff"),
    frame(frames.CHANNEL_DATA, 1),
    frame(frames.CHANNEL_DATA, 1, b"\x2a"),
    batch(1, 1),
    REFERENCE,
    frame(frames.CHANNEL_DATA, 1, b"\x82\xd9\xe4\x22\x09\xff"),
    frame(frames.PING),
]


def effect(
    short: bool, before: bytes, arrived: bytes, room: int, relieved: int, item: int
) -> tuple[Any, ...]:
    """Return what has changed when so much credit was left."""
    connection, channel = with_channel(WORKER, local_hello(item=item))
    connection.receive_data(before)
    channel.receiver.arrived = channel.receiver.granted = 10**6
    channel.receiver.arrived += WINDOW - room
    channel.receiver.relieved = relieved
    receiving = connection.receiving
    if not (short and receiving.pending_view() is None and receiving.receive_sole_item(arrived, channel)):
        connection.receive_data(arrived)
    return (
        [(total, getattr(item, "id", item), kept) for total, item, kept in channel.receiver.items],
        connection.table.account.kept_bytes,
        channel.receiver.arrived,
        channel.receiver.granted,
        sent(connection),
        str(connection.failure),
        sorted(connection.table.open),
    )


@pytest.mark.parametrize("before", BEFORE, ids=repr)
def test_the_short_way_does_what_the_long_one_does(before: bytes) -> None:
    """``receive_sole_item`` takes what it takes with the same effect, and else does nothing."""
    for how in itertools.product(ARRIVED, [0, 64, 65, 1000], [0, 1], [1, 4, 2**31]):
        assert effect(True, before, *how) == effect(False, before, *how), how


def test_the_short_way_is_taken() -> None:
    connection, channel = with_channel(WORKER)
    assert connection.receiving.receive_sole_item(data(1, "text"), channel)
    assert connection.take(channel) == "text"
    for size in range(len(data(1, "text"))):
        assert not connection.receiving.receive_sole_item(data(1, "text")[:size], channel)
