"""The rest of an item whose beginning was dropped because its channel was not known yet.

Spec: CH-030, CH-032, CH-039, CH-046, CH-061, FC-030.
"""

from __future__ import annotations

import pytest

from core_helpers import (
    WINDOW,
    close,
    data,
    execute,
    failed_with,
    frame,
    local_hello,
    part,
    running,
    sent,
    taken,
    with_channel,
)
from xnet_channel.core.discarded_item import DiscardedItem
from xnet_channel.core.roles import WORKER
from xnet_wire import codes, frames

REFERENCE = frame(frames.CHANNEL_DATA, 1, b"\xd9\xe4\x22\x05")
END = frame(frames.CHANNEL_DATA, 5, b"\x2a")


@pytest.mark.parametrize("opening", [REFERENCE, execute(5)])
@pytest.mark.parametrize("pieces", [(1, 0), (1, 1), (3, 2)])
def test_ch_039_the_rest_of_an_item_whose_beginning_was_dropped(
    opening: bytes, pieces: tuple[int, int]
) -> None:
    connection, _ = with_channel(WORKER)
    before, after = pieces
    stream = part(5, b"\x18") * before + opening + part(5, b"\x19") * after + END
    connection.receive_data(stream + data(5, "whole") + part(5, b"\x18") + END)
    assert connection.failure is None
    assert taken(connection, connection.table.open[5]) == ["whole", 42]


def test_an_item_that_was_dropped_completely_leaves_nothing_behind() -> None:
    connection, _ = with_channel(WORKER)
    connection.receive_data(part(5, b"\x18") + END + REFERENCE + data(5) + part(7, b"\x18") + close(7))
    assert taken(connection, connection.table.open[5]) == [7]
    assert connection.table.torn == set()


def test_fc_014_what_is_discarded_is_credited_like_parts() -> None:
    connection, _ = with_channel(WORKER)
    connection.receive_data(part(5, b"x" * 100) + REFERENCE)
    sent(connection)
    for _ in range(20):
        connection.receive_data(part(5, bytes(WINDOW // 4)))
    connection.receive_data(END)
    receiver = connection.table.open[5].receiver
    assert connection.failure is None
    assert receiver.arrived - receiver.granted < WINDOW // 2
    assert not receiver.items


def test_ch_036_and_it_may_be_cut_short_by_the_end() -> None:
    connection, _ = with_channel(WORKER)
    connection.receive_data(part(5, b"x") + REFERENCE + part(5, b"x") + close(5) + data(5))
    assert connection.failure is None
    assert set(connection.table.open) == {1}


def test_ch_046_pieces_on_channels_that_never_open_cost_a_bounded_memory() -> None:
    connection = running(WORKER, local_hello(channels=3))
    connection.receive_data(part(1, b"x") + part(3, b"x") + part(5, b"x") + part(5, b"x") + part(2, b"x"))
    assert connection.failure is None
    assert connection.table.torn == {1, 3, 5}
    connection.receive_data(part(7, b"x"))
    assert failed_with(connection) == codes.LIMIT_EXCEEDED


def test_nothing_is_kept() -> None:
    item = DiscardedItem()
    item.add(bytes(1000))
    assert item.size_bytes == 0
