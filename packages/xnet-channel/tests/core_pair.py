"""Two connections joined by a fake link, and a model of what must be true of them at any time.

The link keeps order and may keep anything back for as long as it likes. The model knows of every
frame that is on its way, because it cuts the link's bytes into frames itself.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from core_helpers import EXEC_PAYLOAD, Frame, deliver_through_view, encode, frame, sent, silent
from xnet_channel.core import states
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import frames, messages, values
from xnet_wire.channel_errors import ChannelError
from xnet_wire.limits import ITEM_COST_BYTES
from xnet_wire.messages import Hello

#: Frames whose cost is credit.
ITEM_FRAMES: Final = frozenset({frames.CHANNEL_DATA, frames.CHANNEL_PART, frames.CHANNEL_BATCH})


def frame_cost(frame_type: int, payload: bytes) -> int:
    """Return what a frame costs by the specification. Spec: FC-002."""
    if frame_type == frames.CHANNEL_DATA:
        return len(payload) + ITEM_COST_BYTES
    if frame_type == frames.CHANNEL_PART:
        return len(payload)
    if frame_type == frames.CHANNEL_BATCH:
        return len(payload) + ITEM_COST_BYTES * values.count_batch(payload)
    return 0


def plain(item: Any) -> Any:
    """Return an item with channels as their ids, to compare."""
    if isinstance(item, ChannelState):
        return ("channel", item.id)
    return [plain(member) for member in item] if isinstance(item, list) else item


class End:
    """One end, what its application has done, and what flies towards the other end.

    Attributes:
        flying: Frames that the other end has not completely received.
        offset: How much of the first of them it has received.
        arrived: Items by channel that reached the other end's queues, in order.
        expected: Items by channel that the application has begun to send, in order; those whose
            channel the other end no longer knew are removed as they are dropped.
        waiting: Pieces of an item in parts that are still to be sent, by channel.
        relieved: Channels of this end that have ever been credited on arrival.
    """

    def __init__(self, role: str, window: int) -> None:
        self.role = role
        self.window = window
        self.connection: Connection = silent(role, Hello(role, credit=window))
        self.flying: deque[Frame] = deque()
        self.offset = 0
        self.expected: dict[int, list[Any]] = {}
        self.arrived: dict[int, list[Any]] = {}
        self.taken: dict[int, list[Any]] = {}
        self.waiting: dict[int, list[bytes]] = {}
        self.states: dict[int, ChannelState] = {}
        self.relieved: set[int] = set()
        self.reliefs: list[int] = []
        self.pings = 0
        self.pongs = 0

    def channel(self, id_: int) -> ChannelState | None:
        return self.connection.table.open.get(id_)

    def fly(self) -> None:
        """Put what the connection wants to send on the link."""
        self.flying.extend(sent(self.connection))


class Pair:
    """The two ends, past their handshake."""

    def __init__(self, windows: tuple[int, int]) -> None:
        self.ends = (End(INITIATOR, windows[0]), End(WORKER, windows[1]))
        for near, far in ((0, 1), (1, 0)):
            hello = messages.encode_hello(self.ends[near].connection.local)
            noise = b"noise" + PREAMBLE if near else b""
            self.ends[far].connection.receive_data(noise + frame(frames.HELLO, 0, hello))

    # -- what the applications do ---------------------------------------------------------------

    def request(self) -> None:
        end = self.ends[0]
        state = end.connection.send_request(frames.CHANNEL_EXEC, EXEC_PAYLOAD)
        end.states[state.id] = state
        end.fly()

    def send(self, near: int, id_: int, *items: Any) -> bool:
        """Send items: one as CHANNEL_DATA, several as CHANNEL_BATCH. Return whether there was credit."""
        end = self.ends[near]
        state = end.connection.table.open[id_]
        encoded = [encode(item) for item in items]
        if len(encoded) == 1:
            done = end.connection.send_item(state, encoded[0], len(encoded[0]) + ITEM_COST_BYTES)
        else:
            payload = values.encode_batch(encoded)
            done = end.connection.send_batch(state, payload, frame_cost(frames.CHANNEL_BATCH, payload))
        if done:
            end.expected.setdefault(id_, []).extend(plain(list(items)))
            end.fly()
        return done

    def begin_parts(self, near: int, id_: int, item: bytes, size: int) -> None:
        end = self.ends[near]
        size = min(size, end.connection.part_bytes)
        payload = encode(item)
        end.waiting[id_] = [payload[start : start + size] for start in range(0, len(payload), size)]
        end.expected.setdefault(id_, []).append(item)

    def send_piece(self, near: int, id_: int) -> bool:
        end = self.ends[near]
        state = end.connection.table.open[id_]
        pieces = end.waiting[id_]
        if len(pieces) > 1:
            done = end.connection.send_part(state, pieces[0])
        else:
            done = end.connection.send_item(state, pieces[0], len(pieces[0]) + ITEM_COST_BYTES)
        if done:
            del pieces[0]
            if not pieces:
                del end.waiting[id_]
            end.fly()
        return done

    def take(self, near: int, id_: int, count: int) -> None:
        end = self.ends[near]
        state = end.states[id_]
        for _ in range(min(count, len(state.receiver.items))):
            end.taken.setdefault(id_, []).append(plain(end.connection.take(state)))
        end.fly()

    def close(self, near: int, id_: int, error: str | None) -> None:
        end = self.ends[near]
        end.waiting.pop(id_, None)
        end.connection.send_close(
            end.connection.table.open[id_], None if error is None else ChannelError(error)
        )
        end.fly()

    # -- the link -------------------------------------------------------------------------------

    def deliver(self, near: int, count: int, way: str) -> None:
        """Let bytes of what flies from that end arrive, at most to the end of its first frame."""
        end, far = self.ends[near], self.ends[1 - near]
        if not end.flying:
            return
        frame_type, id_, payload = end.flying[0]
        data = frame(frame_type, id_, payload)
        piece = data[end.offset : end.offset + count]
        complete = end.offset + len(piece) == len(data)
        known = far.channel(id_)
        open_before = known is not None and known.receiver.state == states.OPEN
        if way == "view":
            deliver_through_view(far.connection, piece, len(piece))
        elif not (
            way == "sole"
            and known is not None
            and far.connection.receiving.pending_view() is None
            and far.connection.receiving.receive_sole_item(piece, known)
        ):
            far.connection.receive_data(piece)
        far.states.update(far.connection.table.open)
        if not complete:
            end.offset += len(piece)
            return
        end.flying.popleft()
        end.offset = 0
        if frame_type in (frames.CHANNEL_DATA, frames.CHANNEL_BATCH):
            self._account(end, id_, frame_type, payload, open_before)
        far.pongs += frame_type == frames.PONG
        if frame_type in (frames.CHANNEL_CLOSE, frames.CHANNEL_CLOSE_ERROR):
            far.waiting.pop(id_, None)
        far.fly()

    def _account(self, end: End, id_: int, frame_type: int, payload: bytes, open_before: bool) -> None:
        count = values.count_batch(payload) if frame_type == frames.CHANNEL_BATCH else 1
        arrived = end.arrived.setdefault(id_, [])
        expected = end.expected[id_]
        if open_before:
            arrived += expected[len(arrived) : len(arrived) + count]
        else:
            del expected[len(arrived) : len(arrived) + count]

    def deliver_all(self) -> None:
        while self.ends[0].flying or self.ends[1].flying:
            for near in (0, 1):
                self.deliver(near, 2**31, "plain")

    # -- what is always true --------------------------------------------------------------------

    def check(self) -> None:
        for near in (0, 1):
            end, far = self.ends[near], self.ends[1 - near]
            assert end.connection.failure is None, end.connection.failure
            for id_, state in end.connection.table.open.items():
                assert state.sender.credit >= 0
                self._check_credit(end, far, id_, state)
                self._check_memory(end, state)
            self._check_items(end, far)

    def _check_credit(self, end: End, far: End, id_: int, state: ChannelState) -> None:
        """Credit here + cost in flight + unreturned there + credit in flight = the window there."""
        if state.sender.state != states.OPEN:
            return
        if any(id_ == i and t in (5, 6) for t, i, _ in (*end.flying, *far.flying)):
            return  # it is being closed: credit does not matter any more
        there = far.channel(id_)
        if there is None and id_ in far.states:
            return
        flying = sum(frame_cost(t, p) for t, i, p in end.flying if i == id_)
        returning = sum(
            messages.decode_credit(p) for t, i, p in far.flying if i == id_ and t == frames.CHANNEL_CREDIT
        )
        held = 0 if there is None else there.receiver.arrived - there.receiver.granted
        assert state.sender.credit + flying + held + returning == far.window

    def _check_memory(self, end: End, state: ChannelState) -> None:
        """What waits behind the first item is within the window, unless it was asked to give way."""
        receiver = state.receiver
        assert receiver.consumed <= receiver.arrived
        assert receiver.granted <= receiver.arrived <= receiver.granted + receiver.window_bytes
        if receiver.items and state.id not in end.relieved:
            assert receiver.arrived - receiver.items[0][0] <= end.window

    def _check_items(self, end: End, far: End) -> None:
        """Sent = taken + queued + in flight, in order, each once."""
        for id_, expected in end.expected.items():
            arrived = end.arrived.get(id_, [])
            assert expected[: len(arrived)] == arrived
            state = far.states.get(id_)
            if state is not None:
                queued = [plain(item) for _, item, _ in state.receiver.items]
                assert far.taken.get(id_, []) + queued == arrived
            flying = sum(
                values.count_batch(p) if t == frames.CHANNEL_BATCH else 1
                for t, i, p in end.flying
                if i == id_ and t in (frames.CHANNEL_DATA, frames.CHANNEL_BATCH)
            )
            in_parts = 1 if id_ in end.waiting else 0
            if end.channel(id_) is not None:
                assert len(expected) == len(arrived) + flying + in_parts
