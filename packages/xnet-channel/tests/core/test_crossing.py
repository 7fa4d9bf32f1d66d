"""Frames that cross on their way: the table of races, each played by two connections.

Spec: CH-010, CH-050, CH-061, ER-005, FC-013.
"""

from __future__ import annotations

import pytest

from core_helpers import EXEC_PAYLOAD, Frame, encode, frame, running, sent, told
from xnet_channel.core import states
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.events import Event, RequestReceived
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import frames
from xnet_wire.channel_errors import ChannelError


class Pair:
    """An initiator and a worker with channel 1 between them; nothing is delivered by itself."""

    def __init__(self) -> None:
        self.ends = [running(INITIATOR), running(WORKER)]
        self.states = [self.ends[0].send_request(frames.CHANNEL_EXEC, EXEC_PAYLOAD)]
        (event,) = self.ends[1].receive_data(b"".join(self.ends[0].data_to_send()))
        assert isinstance(event, RequestReceived)
        self.states.append(event.channel)

    def cross(self) -> list[list[tuple[object, ...]]]:
        """Deliver what both have sent so far, both ways at once; return what each is told."""
        flying = [b"".join(end.data_to_send()) for end in self.ends]
        stories = [
            told(end.receive_data(stream)) for end, stream in zip(self.ends, flying[::-1], strict=True)
        ]
        for end in self.ends:
            assert end.failure is None
        return stories

    def settle(self) -> None:
        """Deliver until nothing is on its way."""
        for _ in range(10):
            self.cross()
        assert [end.out.buffers for end in self.ends] == [[], []]


def item(end: Connection, state: ChannelState, value: object = 7) -> None:
    payload = encode(value)
    assert end.send_item(state, payload, len(payload) + 64)


def gone(pair: Pair) -> None:
    pair.settle()
    for end, state in zip(pair.ends, pair.states, strict=True):
        assert state.closed
        assert end.table.open == {}
        assert end.failure is None


@pytest.mark.parametrize("errors", [(None, None), ("a", None), (None, "b"), ("a", "b")])
def test_ch_061_both_close(errors: tuple[str | None, str | None]) -> None:
    pair = Pair()
    for end, state, error in zip(pair.ends, pair.states, errors, strict=True):
        end.send_close(state, None if error is None else ChannelError(error))
    late = [[] if error is None else [("LateErrorReceived",)] for error in errors]
    assert pair.cross() == late[::-1]
    gone(pair)


@pytest.mark.parametrize("closer", [0, 1])
def test_ch_061_items_against_close(closer: int) -> None:
    pair = Pair()
    sender = 1 - closer
    item(pair.ends[sender], pair.states[sender])
    pair.ends[sender].send_batch(pair.states[sender], b"\x81\x07", 66)
    pair.ends[closer].send_close(pair.states[closer], ChannelError("enough"))
    assert pair.cross()[closer] == []
    assert pair.states[sender].closed
    assert not pair.states[closer].receiver.items
    gone(pair)


@pytest.mark.parametrize("closer", [0, 1])
def test_ch_061_close_while_parts_are_in_flight(closer: int) -> None:
    """A last piece is not taken for a whole item."""
    pair = Pair()
    sender = 1 - closer
    state = pair.states[sender]
    pair.ends[sender].send_part(state, b"\x18")
    pair.cross()
    pair.ends[closer].send_close(pair.states[closer])
    pair.ends[sender].send_part(state, b"\x2a")
    pair.ends[sender].send_item(state, b"\x07", 65)
    assert pair.cross()[closer] == []
    gone(pair)


@pytest.mark.parametrize("closer", [0, 1])
def test_fc_013_credit_against_close(closer: int) -> None:
    pair = Pair()
    reader = 1 - closer
    for _ in range(4):
        item(pair.ends[closer], pair.states[closer], bytes(16_000))
    pair.cross()
    pair.ends[closer].send_close(pair.states[closer])
    for _ in range(3):
        pair.ends[reader].take(pair.states[reader])
    assert pair.ends[reader].out.buffers
    assert pair.cross()[closer] == []
    gone(pair)


@pytest.mark.parametrize("closer", [0, 1])
def test_ch_050_last_message_both_ways_then_either_closes(closer: int) -> None:
    pair = Pair()
    for end, state in zip(pair.ends, pair.states, strict=True):
        item(end, state)
        end.send_last(state)
    assert pair.cross() == [[("ItemsReceived", 1), ("LastMessageReceived",)]] * 2
    for end, state in zip(pair.ends, pair.states, strict=True):
        assert (state.sender.state, state.receiver.state) == ("ended", "ended")
        assert end.take(state) == 7
    pair.ends[closer].send_close(pair.states[closer])
    assert pair.cross()[1 - closer] == [("ChannelClosed", 1, None)]
    gone(pair)


@pytest.mark.parametrize("closer", [0, 1])
def test_last_message_against_close(closer: int) -> None:
    pair = Pair()
    pair.ends[closer].send_close(pair.states[closer])
    pair.ends[1 - closer].send_last(pair.states[1 - closer])
    assert pair.cross()[closer] == []
    gone(pair)


@pytest.mark.parametrize("closer", [0, 1])
def test_reconfigure_against_close(closer: int) -> None:
    pair = Pair()
    pair.ends[closer].send_close(pair.states[closer])
    pair.ends[1 - closer].send_reconfigure(1, (False, False))
    assert pair.cross()[closer] == []
    gone(pair)


@pytest.mark.parametrize("closer", [0, 1])
def test_ch_010_a_reference_against_close(closer: int) -> None:
    """One closes a channel while the other sends it back in an item."""
    pair = Pair()
    carrier = pair.ends[0].send_request(frames.CHANNEL_EXEC, EXEC_PAYLOAD)
    pair.cross()
    sender = 1 - closer
    through = pair.ends[sender].table.open[carrier.id]
    pair.ends[closer].send_close(pair.states[closer])
    item(pair.ends[sender], through, [pair.states[sender]])
    pair.cross()
    (referenced,) = pair.ends[closer].take(pair.ends[closer].table.open[carrier.id])
    assert referenced.id == 1
    assert referenced.closed
    assert set(pair.ends[closer].table.open) == {carrier.id}


@pytest.mark.parametrize("maker", [0, 1])
def test_ch_010_close_ahead_of_the_reference(maker: int) -> None:
    pair = Pair()
    end, state = pair.ends[maker], pair.states[maker]
    made = end.open_channel()
    reference = encode(made)
    end.send_close(made)
    end.send_item(state, reference, 100)
    pair.cross()
    referenced = pair.ends[1 - maker].take(pair.states[1 - maker])
    assert referenced.closed
    assert set(pair.ends[1 - maker].table.open) == {1}


@pytest.mark.parametrize("maker", [0, 1])
def test_ch_010_items_and_the_last_of_them_ahead_of_the_reference(maker: int) -> None:
    pair = Pair()
    end, state = pair.ends[maker], pair.states[maker]
    made = end.open_channel()
    item(end, made, "early")
    end.send_part(made, encode("in parts")[:3])
    item(end, state, [made])
    end.send_item(made, encode("in parts")[3:], 100)
    end.send_last(made)
    pair.cross()
    other = pair.ends[1 - maker]
    (referenced,) = other.take(pair.states[1 - maker])
    assert (referenced.sender.state, referenced.receiver.state) == (states.OPEN, states.ENDED)
    assert [other.take(referenced) for _ in range(2)] == ["early", "in parts"]
    item(other, referenced, "back")
    pair.cross()
    assert end.take(made) == "back"
    end.send_close(made)
    pair.cross()
    assert referenced.closed


@pytest.mark.parametrize("maker", [0, 1])
def test_ch_061_the_item_that_carries_the_reference_is_dropped(maker: int) -> None:
    """The channel stays until its maker closes it, and holds no more than its window."""
    pair = Pair()
    end, state = pair.ends[maker], pair.states[maker]
    made = end.open_channel()
    pair.ends[1 - maker].send_close(pair.states[1 - maker])
    item(end, state, [made])
    for _ in range(4):
        item(end, made, bytes(16_000))
    pair.cross()
    assert set(pair.ends[1 - maker].table.open) == {made.id}
    end.send_close(made)
    pair.settle()
    assert pair.ends[1 - maker].table.open == {}


@pytest.mark.parametrize("leaver", [0, 1])
def test_er_005_anything_against_goaway(leaver: int) -> None:
    pair = Pair()
    leaving, staying = pair.ends[leaver], pair.ends[1 - leaver]
    leaving.receive_data(frame(99))
    assert leaving.failure is not None
    item(staying, pair.states[1 - leaver])
    staying.send_ping(b"")
    flying = b"".join(staying.data_to_send())
    goaway: list[Frame] = sent(leaving)
    nothing: list[Event] = leaving.receive_data(flying)
    assert nothing == []
    staying.receive_data(b"".join(frame(*each) for each in goaway))
    assert "type 99" in str(staying.failure)
    assert sent(staying) == sent(leaving) == []
