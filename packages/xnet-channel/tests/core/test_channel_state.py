from __future__ import annotations

from core_helpers import account
from xnet_channel.core import states
from xnet_channel.core.channel_state import ChannelState


def test_a_channel_begins_open_with_credit_both_ways() -> None:
    channel = ChannelState(3, 100, 200, account())
    assert (channel.sender.state, channel.receiver.state) == (states.OPEN, states.OPEN)
    assert (channel.sender.credit, channel.receiver.window_bytes) == (100, 200)
    assert not channel.closed
    assert channel.strings is None


def test_it_is_closed_when_both_halves_are() -> None:
    channel = ChannelState(3, 100, 200, account())
    channel.sender.step(states.SEND_CLOSE)
    assert not channel.closed
    channel.receiver.step(states.SEND_CLOSE)
    assert channel.closed


def test_the_head_of_its_items() -> None:
    assert ChannelState(0x01020304, 0, 0, account()).item_head == b"\x04\x01\x02\x03\x04\0\0\0"


def test_repr() -> None:
    assert repr(ChannelState(3, 0, 0, account())) == "<ChannelState 3 send=open receive=open>"
