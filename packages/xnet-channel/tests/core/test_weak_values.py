"""Channels that are kept by nobody here."""

from __future__ import annotations

import gc

from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.channel_table import ChannelTable
from xnet_channel.core.roles import INITIATOR
from xnet_channel.core.weak_values import WeakValues


def channels(count: int) -> list[ChannelState]:
    table = ChannelTable(INITIATOR, 1000, 100, 100_000)
    made = [table.new_local() for _ in range(count)]
    table.open.clear()
    return made


def test_what_nobody_holds_is_gone() -> None:
    values = WeakValues()
    held = channels(2)
    for channel in held:
        values[channel.id] = channel
    first, second = held
    assert len(values) == 2
    assert values.get(first.id) is first
    id_ = second.id
    del held, second, channel
    gc.collect()
    assert (len(values), values.get(id_), values.get(first.id), values.get(99)) == (1, None, first, None)


def test_the_end_of_one_does_not_take_its_successor_away() -> None:
    values = WeakValues()
    held = channels(2)
    values[7] = held[0]
    dying = values._references[7]  # as the interpreter holds it, while it tells that a value has gone
    values[7] = held[1]
    del held[0]
    gc.collect()
    assert dying() is None
    assert values.get(7) is held[0]
    assert len(values) == 1
