"""Tests of `xnet_channel.core.events`.

Spec: FR-007.
"""

from __future__ import annotations

import pytest

from core_helpers import close, credit, data, execute, frame, hello_frame, last, open_, silent, told
from xnet_channel.core import events
from xnet_channel.core.roles import WORKER
from xnet_wire import frames

STREAM = (
    hello_frame()
    + execute(1)
    + open_(3)
    + data(1) * 3
    + credit(1, 5)
    + last(1)
    + frame(frames.CHANNEL_CANCEL, 1)
    + close(1, "x")
    + close(1, "late")
    + frame(frames.PONG, 0, b"p")
    + frame(frames.GATEWAY_TERMINATE, 0, b"\xa0")
)


def test_fr_007_all_events_in_the_order_of_their_frames() -> None:
    happened = silent(WORKER).receive_data(STREAM)
    assert [type(event) for event in happened] == [
        events.HelloReceived,
        events.RequestReceived,
        events.ChannelOpened,
        events.ItemsReceived,
        events.CreditReceived,
        events.LastMessageReceived,
        events.CancelReceived,
        events.ChannelClosed,
        events.LateErrorReceived,
        events.PongReceived,
        events.TerminateReceived,
    ]
    assert told(happened)[3:6] == [("ItemsReceived", 1)] * 3
    assert all(isinstance(event, events.Event) for event in happened)


def test_every_class_of_events_is_made() -> None:
    made = {type(event) for event in silent(WORKER).receive_data(STREAM)}
    assert made == set(events.Event.__subclasses__())


def test_events_are_small() -> None:
    for event in silent(WORKER).receive_data(STREAM):
        with pytest.raises(AttributeError):
            event.anything = 1  # type: ignore[attr-defined]
