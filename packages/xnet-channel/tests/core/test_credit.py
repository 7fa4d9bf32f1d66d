"""Flow control over real frames: what comes back, when, and for what.

Spec: CH-061, FC-005, FC-014, FC-015, FC-016, FC-023, FC-040, FC-041, FC-042, FC-043.
"""

from __future__ import annotations

import pytest

from core_helpers import (
    WINDOW,
    batch,
    close,
    cost,
    data,
    encode,
    execute,
    failed_with,
    frame,
    last,
    part,
    sent,
    with_channel,
)
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values

ROLES = [INITIATOR, WORKER]
HALF = WINDOW // 2


def credited(connection: Connection) -> list[tuple[int, int]]:
    """Return (channel, bytes) of the credit that was sent; nothing else was."""
    returned = []
    for frame_type, channel, payload in sent(connection):
        assert frame_type == frames.CHANNEL_CREDIT
        returned.append((channel, messages.decode_credit(payload)))
    return returned


def item_costing(count: int) -> bytes:
    """Return a CHANNEL_DATA frame for channel 1 that costs so much."""
    payload = values.encode(bytes(count - 64 - 3))
    assert cost(payload) == count
    return frame(frames.CHANNEL_DATA, 1, payload)


@pytest.mark.parametrize("role", ROLES)
def test_fc_014_the_example_of_the_specification(role: str) -> None:
    connection, channel = with_channel(role)
    connection.receive_data(data(1, bytes(16_000)) * 4)
    assert channel.receiver.arrived == 4 * 16_067
    for _ in range(2):
        connection.take(channel)
    assert credited(connection) == []
    connection.take(channel)
    assert connection.data_to_send() == [bytes.fromhex("09 00000001 00000003 19bc49")]


@pytest.mark.parametrize(("first", "due"), [(HALF - 1, []), (HALF, [(1, HALF)]), (HALF + 1, [(1, HALF + 1)])])
def test_fc_014_fc_015_exactly_half_of_the_window(first: int, due: list[tuple[int, int]]) -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(item_costing(first))
    assert credited(connection) == []  # arrived is not taken
    connection.take(channel)
    assert credited(connection) == due


def test_fc_014_a_million_small_items_cost_few_credit_frames() -> None:
    connection, channel = with_channel(WORKER)
    frames_sent = 0
    for _ in range(200):
        connection.receive_data(data(1) * 50)
        for _ in range(50):
            assert connection.take(channel) == 7
        frames_sent += len(credited(connection))
    assert frames_sent == 10_000 * 65 // (HALF + 65 - HALF % 65)


@pytest.mark.parametrize("size", [WINDOW - 64, WINDOW * 3, WINDOW * 10 + 7])
@pytest.mark.parametrize("piece", [1000, HALF // 2, HALF])
def test_fc_014_an_item_larger_than_the_window_passes(size: int, piece: int) -> None:
    connection, channel = with_channel(WORKER)
    payload = values.encode(bytes(size))
    left = WINDOW
    for start in range(0, len(payload) - piece, piece):
        assert left >= piece, "the sender would wait for ever"
        connection.receive_data(part(1, payload[start : start + piece]))
        left += sum(count for _, count in credited(connection)) - piece
    rest = payload[start + piece :]
    assert left >= cost(rest)
    connection.receive_data(frame(frames.CHANNEL_DATA, 1, rest))
    assert connection.failure is None
    assert connection.take(channel) == bytes(size)


def test_fc_014_parts_behind_a_complete_item_wait_until_it_is_taken() -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(data(1) + part(1, bytes(HALF)) + part(1, bytes(100)))
    assert credited(connection) == []
    connection.take(channel)
    assert credited(connection) == [(1, 65 + HALF + 100)]


@pytest.mark.parametrize(
    "stream",
    [
        item_costing(WINDOW + 1),
        item_costing(WINDOW) + part(1, b"x"),
        item_costing(WINDOW - 64) + frame(frames.CHANNEL_DATA, 1, b"\x07"),
        item_costing(WINDOW - 65) + batch(1, 7),
        b"".join(data(1) for _ in range(WINDOW // 65 + 1)),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_fc_005_one_byte_above_the_credit(role: str, stream: bytes) -> None:
    connection, _ = with_channel(role)
    connection.receive_data(stream)
    assert failed_with(connection) == codes.CREDIT_OVERDRAWN
    assert "on channel 1" in str(connection.failure)


@pytest.mark.parametrize(
    "stream",
    [
        item_costing(WINDOW),
        item_costing(WINDOW - 1) + part(1, b"x"),
        item_costing(WINDOW - 65) + data(1),
        item_costing(WINDOW - 66) + batch(1, 7),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_fc_023_all_of_the_credit_may_be_used(role: str, stream: bytes) -> None:
    connection, _ = with_channel(role)
    connection.receive_data(stream)
    assert connection.failure is None


@pytest.mark.parametrize("closed_by_us", [False, True])
def test_ch_061_what_is_dropped_is_not_decoded_and_not_credited(closed_by_us: bool) -> None:
    connection, channel = with_channel(WORKER)
    if closed_by_us:
        connection.send_close(channel)
        sent(connection)
    else:
        connection.receive_data(close(1))
    for payload in (b"", b"\x80", b"\xff", b"\x9b" + b"\xff" * 8, bytes(2 * WINDOW)):
        connection.receive_data(
            frame(frames.CHANNEL_BATCH, 1, payload) + frame(frames.CHANNEL_DATA, 1, payload)
        )
    connection.receive_data(part(1, b"\xff" * 100) + data(1))
    assert connection.failure is None
    assert credited(connection) == []


def test_fc_016_none_for_a_half_that_has_ended() -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(item_costing(WINDOW) + last(1))
    connection.take(channel)
    assert credited(connection) == []


def test_fc_016_none_for_a_channel_that_is_closed() -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(item_costing(WINDOW) + close(1))
    assert len(connection.take(channel)) == WINDOW - 67
    connection.relieve(channel, True)
    assert credited(connection) == []


# -- relief --------------------------------------------------------------------------------------


def pair_of_channels() -> tuple[Connection, ChannelState, ChannelState]:
    connection, first = with_channel(WORKER)
    connection.receive_data(execute(3))
    return connection, first, connection.table.open[3]


def test_fc_041_one_channel_relieved() -> None:
    connection, first, _ = pair_of_channels()
    connection.receive_data(item_costing(HALF))
    connection.relieve(first, True)
    assert credited(connection) == [(1, HALF)]
    connection.receive_data(item_costing(HALF) * 3)
    assert credited(connection) == [(1, HALF)] * 3
    connection.receive_data(data(3, bytes(HALF)))
    assert credited(connection) == []
    connection.relieve(first, False)
    connection.receive_data(item_costing(HALF))
    assert credited(connection) == []
    for _ in range(4):
        connection.take(first)
    assert credited(connection) == []  # these had their credit
    connection.take(first)
    assert credited(connection) == [(1, HALF)]


def test_fc_040_all_channels_relieved_and_those_that_open_meanwhile() -> None:
    connection, _, _ = pair_of_channels()
    connection.receive_data(data(1, bytes(HALF)) + data(3, bytes(HALF)))
    connection.relieve_all(True)
    assert credited(connection) == [(1, HALF + 67), (3, HALF + 67)]
    connection.receive_data(execute(5) + data(5, bytes(HALF)) + batch(5, bytes(HALF)))
    assert [channel for channel, _ in credited(connection)] == [5, 5]
    connection.relieve_all(False)
    connection.receive_data(execute(7) + b"".join(data(id_, bytes(HALF)) for id_ in (1, 3, 5, 7)))
    assert credited(connection) == []


def test_fc_040_reliefs_nest() -> None:
    connection, first, _ = pair_of_channels()
    connection.relieve_all(True)
    connection.relieve(first, True)
    connection.relieve_all(True)
    connection.relieve_all(False)
    connection.relieve_all(False)
    connection.receive_data(item_costing(HALF))
    assert credited(connection) == [(1, HALF)]
    connection.relieve_all(True)
    connection.relieve(first, False)
    connection.receive_data(item_costing(HALF))
    assert credited(connection) == [(1, HALF)]
    connection.relieve_all(False)
    connection.receive_data(item_costing(HALF))
    assert credited(connection) == []


def test_fc_042_one_step_for_a_channel_that_starves() -> None:
    connection, first, _ = pair_of_channels()
    for _ in range(2):
        connection.receive_data(item_costing(HALF))
        connection.relieve(first, True)
        connection.relieve(first, False)
        assert credited(connection) == [(1, HALF)]
    connection.receive_data(item_costing(WINDOW))
    assert credited(connection) == []
    assert connection.failure is None


def test_fc_040_small_steps_are_saved_up_also_when_relieved() -> None:
    connection, first, _ = pair_of_channels()
    connection.relieve(first, True)
    connection.receive_data(data(1) * (HALF // 65))
    assert credited(connection) == []
    connection.receive_data(data(1))
    assert credited(connection) == [(1, (HALF // 65 + 1) * 65)]


@pytest.mark.parametrize("role", ROLES)
def test_fc_043_credit_is_returned_while_our_own_sends_are_blocked(role: str) -> None:
    connection, channel = with_channel(role)
    while connection.send_item(channel, encode(bytes(10_000)), 10_067):
        pass
    connection.relieve_all(True)
    sent(connection)
    connection.receive_data(item_costing(WINDOW))
    assert credited(connection) == [(1, WINDOW)]
    connection.receive_data(frame(frames.CHANNEL_CREDIT, 1, messages.encode_credit(30_000)))
    assert connection.send_item(channel, encode(bytes(10_000)), 10_067)
