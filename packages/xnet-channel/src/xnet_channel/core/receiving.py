"""What a connection does with each frame that arrives.

``receive_frames`` holds the hot path: one item on an open channel. Everything else goes through a
table of handlers, one per frame type; a type without a handler is the peer's mistake.

Spec: FR, CH, FC, GW; each branch names its rule.
"""

from __future__ import annotations

from xnet_channel.core import roles, states
from xnet_channel.core.errors import PeerGoneAway, ProtocolError, RemoteProtocolError
from xnet_channel.core.events import (
    ChannelClosed,
    CreditReceived,
    HelloReceived,
    ItemsReceived,
    LastMessageReceived,
    PongReceived,
    RequestReceived,
    TerminateReceived,
)
from xnet_wire import codes, frames, messages, values
from xnet_wire.errors import FrameError, WireError
from xnet_wire.limits import HELLO_BYTES, ITEM_COST_BYTES, NOISE_BYTES, PART_BYTES, PING_BYTES
from xnet_wire.partial_item import PartialItem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.connection import Connection
    from xnet_channel.core.events import Event
    from xnet_channel.core.outgoing import Buffer

    Payload = bytes | bytearray
    Frame = tuple[int, int, Payload]

#: Larger items gain nothing from the short way.
SOLE_ITEM_BYTES: Final = 16_384

#: Frame types that concern the connection: their channel id is 0. Spec: FR.
ON_CHANNEL_ZERO: Final = frozenset(
    {frames.HELLO, frames.GATEWAY_TERMINATE, frames.PING, frames.PONG, frames.GOAWAY}
)


class Receiving:
    """The receiving side of one connection.

    Attributes:
        decoder: Splits bytes into frames.
    """

    def __init__(self, connection: Connection, make_channel: Callable[[ChannelState], Any]) -> None:
        self._connection = connection
        self._make_channel = make_channel
        limits = connection.local.limits
        self.decoder = frames.FrameDecoder(limits.frame, HELLO_BYTES)
        self._values = values.ValueDecoder(self._reference, limits.depth)
        self._handlers: dict[int, Callable[[int, Payload], Event | None]] = {
            frames.STATUS: lambda id_, payload: self._request(frames.STATUS, id_, payload),
            frames.INFO: lambda id_, payload: self._request(frames.INFO, id_, payload),
            frames.CHANNEL_EXEC: lambda id_, payload: self._request(frames.CHANNEL_EXEC, id_, payload),
            frames.RECONFIGURE: self._reconfigure,
            frames.GATEWAY_TERMINATE: self._terminate,
            frames.CHANNEL_DATA: self._data,
            frames.CHANNEL_PART: self._part,
            frames.CHANNEL_BATCH: self._batch,
            frames.CHANNEL_CLOSE: lambda id_, payload: self._close(id_, payload, with_error=False),
            frames.CHANNEL_CLOSE_ERROR: lambda id_, payload: self._close(id_, payload, with_error=True),
            frames.CHANNEL_LAST_MESSAGE: self._last_message,
            frames.CHANNEL_CREDIT: self._credit,
            frames.HELLO: self._hello,
            frames.PING: self._ping,
            frames.PONG: self._pong,
            frames.GOAWAY: self._goaway,
        }
        #: Called for each received frame if tracing is on, else None.
        self.trace: Callable[[int, int, int], None] | None = None

    def receive_data(self, data: Buffer) -> list[Event]:
        """Take bytes from the peer.

        Never raises for what the peer sent: after a mistake of the peer ``failure`` is set, a
        GOAWAY is queued, and the events before the mistake are returned.

        Args:
            data: What was read; at least one byte. It is not kept after the call.

        Returns:
            What happened, in order; often empty.
        """
        connection = self._connection
        if connection.phase is states.ENDED_CONNECTION:
            return []
        try:
            if connection.phase is states.PREAMBLE:
                rest = connection.handshake.skip_noise(data)
                if not rest:
                    if rest is not None:
                        connection.phase = states.HELLO
                    return []
                connection.phase = states.HELLO
                data = rest
            return self.receive_frames(self.decoder.feed(data))
        except FrameError as error:
            events = self.receive_frames(error.frames)
            self._fail(error)
            return events
        except (ProtocolError, WireError) as error:
            self._fail(error)
            return []

    def receive_sole_item(self, data: bytes, channel: ChannelState) -> bool:
        """Take bytes if they are just one small item for the given channel: a ping-pong.

        It does what ``receive_data`` would do, without an event: the caller knows of which
        channel it asked. Each way takes half as many steps as through all the layers, and these
        steps are most of what a round trip costs.

        Returns:
            False if anything is unusual; then nothing was done and ``receive_data`` must do it.
        """
        receiver = channel.receiver
        payload_bytes = len(data) - frames.HEADER_BYTES
        if (
            data[:5] != channel.item_head
            or payload_bytes > SOLE_ITEM_BYTES
            or int.from_bytes(data[5:9], "big") != payload_bytes
            or receiver.state is not states.OPEN
            or receiver.parts is not None
            or receiver.relieved
            or self.decoder.rest
            or self.trace is not None
        ):
            return False
        total = receiver.arrived + payload_bytes + ITEM_COST_BYTES
        connection = self._connection
        if total - receiver.granted > receiver.window_bytes or connection.phase is not states.RUNNING:
            return False
        try:
            item = self._values.decode(data[frames.HEADER_BYTES :], channel.strings or connection.strings)
        except (ProtocolError, WireError):
            return False
        receiver.arrived = total
        receiver.items.append((total, item))
        return True

    def receive_eof(self) -> None:
        """Take the end of input; see ``Connection.receive_eof``."""
        connection = self._connection
        if connection.failure is not None or connection.phase is states.ENDED_CONNECTION:
            return
        try:
            if connection.phase is states.PREAMBLE:
                noise = bytes(connection.handshake.noise[:NOISE_BYTES])
                raise RemoteProtocolError(
                    codes.PREAMBLE_MISSING,
                    "the other side ended before it began an xnet connection"
                    + (f"; it said {noise!r}" if noise else " and said nothing"),
                )
            if connection.phase is states.HELLO:
                raise RemoteProtocolError(codes.HELLO_MALFORMED, "the other side ended before its HELLO")
            self.decoder.eof()
        except (ProtocolError, WireError) as error:
            self._fail(error)

    def receive_frames(self, arrived: Iterable[Frame]) -> list[Event]:
        """Act on complete frames, in order. The hot path of every program that receives."""
        events: list[Event] = []
        items: ItemsReceived | None = None
        connection = self._connection
        open_channels = connection.table.open
        decode = self._values.decode
        default_strings = connection.strings
        trace = self.trace
        try:
            for frame_type, id_, payload in arrived:
                if trace is not None:
                    trace(frame_type, id_, len(payload))
                if frame_type == frames.CHANNEL_DATA:
                    channel = open_channels.get(id_)
                    if channel is not None and channel.receiver.state is states.OPEN:
                        receiver = channel.receiver
                        total = receiver.arrive(len(payload) + ITEM_COST_BYTES)
                        if receiver.parts is None:
                            item = decode(payload, channel.strings or default_strings)
                        else:
                            item = self._whole(channel, payload)
                        receiver.items.append((total, item))
                        if receiver.relieved:
                            connection.return_credit(channel)
                        # One event stands for a run of items on one channel.
                        if items is not None and items.channel is channel:
                            items.count += 1
                        else:
                            items = ItemsReceived(channel, 1)
                            events.append(items)
                        continue
                event = self._receive(frame_type, id_, payload)
                default_strings = connection.strings
                if event is not None:
                    events.append(event)
                    items = None
                if connection.phase is states.ENDED_CONNECTION:
                    break
        except (ProtocolError, WireError) as error:
            self._fail(error)
        return events

    # -- one frame ------------------------------------------------------------------------------

    def _receive(self, frame_type: int, id_: int, payload: Payload) -> Event | None:
        handler = self._handlers.get(frame_type)
        if handler is None:
            return None  # an ignorable type: the decoder let it pass. Spec: FR.
        if self._connection.phase is states.HELLO and frame_type not in (frames.HELLO, frames.GOAWAY):
            raise RemoteProtocolError(
                codes.STATE_VIOLATION, f"the peer sent {frames.NAMES[frame_type]} before its HELLO"
            )
        if (frame_type in ON_CHANNEL_ZERO) != (id_ == 0) and frame_type != frames.RECONFIGURE:
            raise RemoteProtocolError(
                codes.STATE_VIOLATION, f"{frames.NAMES[frame_type]} on channel {id_} makes no sense"
            )
        return handler(id_, payload)

    def _hello(self, id_: int, payload: Payload) -> Event:
        connection = self._connection
        if len(payload) > HELLO_BYTES:
            raise RemoteProtocolError(
                codes.HELLO_MALFORMED, f"HELLO is {len(payload)} bytes long, at most {HELLO_BYTES}"
            )
        peer = connection.handshake.receive_hello(payload)
        connection.table.send_credit_bytes = peer.credit
        # A quarter of the window: the receiver returns credit at half of it, so a sender always
        # has room for the next part. Spec: FC.
        connection.part_bytes = min(PART_BYTES, peer.limits.frame, peer.credit // 4)
        connection.phase = states.RUNNING
        return HelloReceived(peer)

    def _request(self, frame_type: int, id_: int, payload: Payload) -> Event:
        if self._connection.role != roles.WORKER:
            raise RemoteProtocolError(
                codes.ROLE_VIOLATION, f"a worker must not send {frames.NAMES[frame_type]}"
            )
        if payload and frame_type != frames.CHANNEL_EXEC:
            raise RemoteProtocolError(
                codes.PAYLOAD_MALFORMED, f"{frames.NAMES[frame_type]} must have no payload"
            )
        return RequestReceived(frame_type, self._connection.table.new_requested(id_), payload)

    def _reconfigure(self, id_: int, payload: Payload) -> None:
        strings = messages.decode_reconfigure(payload)
        if id_ == 0:
            self._connection.strings = strings
        elif (channel := self._connection.table.open.get(id_)) is not None:
            channel.strings = strings

    def _terminate(self, id_: int, payload: Payload) -> Event:
        if self._connection.role != roles.WORKER:
            raise RemoteProtocolError(codes.ROLE_VIOLATION, "a worker must not send GATEWAY_TERMINATE")
        return TerminateReceived()

    def _data(self, id_: int, payload: Payload) -> None:
        """An item for a channel that is not open for receiving (else the hot path had it)."""
        self._unwanted(id_, len(payload) + ITEM_COST_BYTES)

    def _part(self, id_: int, payload: Payload) -> None:
        if not payload:
            raise RemoteProtocolError(codes.PAYLOAD_MALFORMED, "CHANNEL_PART must not be empty")
        channel = self._connection.table.open.get(id_)
        if channel is None or channel.receiver.state is not states.OPEN:
            self._unwanted(id_, len(payload))
            return
        receiver = channel.receiver
        receiver.arrive(len(payload))
        if receiver.parts is None:
            receiver.parts = PartialItem()
        self._check_item_size(receiver.parts.size_bytes + len(payload))
        receiver.parts.add(payload)
        # [FC] Parts are credited as they arrive while no complete item waits before them.
        self._connection.return_credit(channel)

    def _batch(self, id_: int, payload: Payload) -> Event | None:
        count = values.count_batch(payload)
        cost = len(payload) + ITEM_COST_BYTES * count
        channel = self._connection.table.open.get(id_)
        if channel is None or channel.receiver.state is not states.OPEN:
            self._unwanted(id_, cost)
            return None
        receiver = channel.receiver
        if receiver.parts is not None:
            raise RemoteProtocolError(
                codes.STATE_VIOLATION, "CHANNEL_BATCH in the middle of an item that is sent in parts"
            )
        before = receiver.arrived
        total = receiver.arrive(cost)
        items = self._values.decode_batch(payload, channel.strings or self._connection.strings)
        # Each item carries the same share; the last one carries the rest.
        share = cost // count
        receiver.items.extend(zip(range(before + share, before + share * count, share), items, strict=False))
        receiver.items.append((total, items[-1]))
        if receiver.relieved:
            self._connection.return_credit(channel)
        return ItemsReceived(channel, count)

    def _close(self, id_: int, payload: Payload, *, with_error: bool) -> Event | None:
        error = messages.decode_error_text(payload) if with_error else None
        if payload and not with_error:
            raise RemoteProtocolError(codes.PAYLOAD_MALFORMED, "CHANNEL_CLOSE must have no payload")
        channel = self._connection.table.open.get(id_)
        if channel is None:
            return None  # our own CHANNEL_CLOSE crossed the peer's. Spec: CH.
        if channel.sender.state is not states.CLOSED:
            channel.sender.step(states.RECV_CLOSE)
        channel.receiver.step(states.RECV_CLOSE)
        channel.receiver.parts = None
        self._connection.table.forget(channel)
        return ChannelClosed(channel, error)

    def _last_message(self, id_: int, payload: Payload) -> Event | None:
        channel = self._connection.table.open.get(id_)
        if channel is None:
            return None
        if channel.receiver.parts is not None:
            raise RemoteProtocolError(
                codes.STATE_VIOLATION, "CHANNEL_LAST_MESSAGE in the middle of an item that is sent in parts"
            )
        channel.receiver.step(states.RECV_LAST)
        return LastMessageReceived(channel)

    def _credit(self, id_: int, payload: Payload) -> Event | None:
        credit = messages.decode_credit(payload)
        channel = self._connection.table.open.get(id_)
        if channel is None:
            return None
        channel.sender.grant(credit)
        return CreditReceived(channel)

    def _ping(self, id_: int, payload: Payload) -> None:
        if len(payload) > PING_BYTES:
            raise RemoteProtocolError(
                codes.PAYLOAD_MALFORMED, f"PING carries {len(payload)} bytes, at most {PING_BYTES}"
            )
        self._connection.out.frame(frames.PONG, 0, payload)

    def _pong(self, id_: int, payload: Payload) -> Event:
        return PongReceived(bytes(payload))

    def _goaway(self, id_: int, payload: Payload) -> None:
        code, text = messages.decode_goaway(payload)
        raise PeerGoneAway(code, text)

    # -- helpers --------------------------------------------------------------------------------

    def _unwanted(self, id_: int, cost_bytes: int) -> None:
        """Deal with an item that nobody can take."""
        channel = self._connection.table.open.get(id_)
        if channel is not None:
            channel.receiver.step(states.RECV_ITEM)  # after LAST_MESSAGE: the peer's mistake
        # [FC] Dropped items are credited at once: a sender must not block for ever on a channel
        # that this side does not know (any more).
        self._connection.out.frame(frames.CHANNEL_CREDIT, id_, messages.encode_credit(cost_bytes))

    def _whole(self, channel: ChannelState, last: Payload) -> Any:
        parts, channel.receiver.parts = channel.receiver.parts, None
        if parts is None:
            raise AssertionError("called only while an item is incomplete")
        self._check_item_size(parts.size_bytes + len(last))
        return parts.finish(self._values, last, channel.strings or self._connection.strings)

    def _check_item_size(self, size_bytes: int) -> None:
        limit = self._connection.local.limits.item
        if size_bytes > limit:
            raise RemoteProtocolError(
                codes.LIMIT_EXCEEDED, f"an item of more than {size_bytes - 1} bytes; the limit is {limit}"
            )

    def _reference(self, id_: int) -> Any:
        return self._make_channel(self._connection.table.referenced(id_))

    def _fail(self, error: ProtocolError | WireError) -> None:
        if isinstance(error, WireError):
            cause = error
            error = RemoteProtocolError(cause.code, str(cause))
            error.__cause__ = cause
        self._connection.fail(error)
