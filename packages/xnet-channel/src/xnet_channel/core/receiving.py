"""What a connection does with what arrives, and with the frames that carry items.

``receive_frames`` holds the hot path: one item on an open channel. Everything else goes through a
table of handlers, one per frame type: those of items are here, the others in ``control_frames``.

Spec: FR-002, FR-007, FR-013 (order); CH-030 to CH-036 (items); FC-002 to FC-024 (their cost).
"""

from __future__ import annotations

from itertools import repeat

from xnet_channel.core import states
from xnet_channel.core.account import MemoryLimitReached
from xnet_channel.core.batches import longest_item
from xnet_channel.core.control_frames import ControlFrames
from xnet_channel.core.errors import PeerGoneAway, ProtocolError, RemoteProtocolError
from xnet_channel.core.events import (
    ChannelClosed,
    HelloReceived,
    ItemsReceived,
    RequestReceived,
    TerminateReceived,
)
from xnet_wire import codes, frames, values
from xnet_wire.channel_errors import LIMIT, ChannelError
from xnet_wire.errors import FrameError, WireError
from xnet_wire.frames import HEADER_BYTES
from xnet_wire.limits import HELLO_BYTES, ITEM_COST_BYTES
from xnet_wire.partial_item import PartialItem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.connection_state import ConnectionState
    from xnet_channel.core.events import Event
    from xnet_channel.core.outgoing import Buffer

    Payload = bytes | bytearray
    Frame = tuple[int, int, Payload]

#: What an application has to act on, and may answer, before the next frame is looked at: the
#: configuration in a HELLO comes before all frames after it, and the answer to a STATUS before
#: the PONG for a PING after it. Spec: FR-007, FR-021, HS-020
ANSWERED_AT_ONCE: Final = frozenset({HelloReceived, RequestReceived, TerminateReceived})

#: What an item costs beyond the length of its frame.
FRAMED_ITEM_COST_BYTES: Final = ITEM_COST_BYTES - HEADER_BYTES


class Receiving:
    """The receiving side of one connection.

    Attributes:
        decoder: Splits bytes into frames.
    """

    def __init__(self, connection: ConnectionState, make_channel: Callable[[ChannelState], Any]) -> None:
        self._connection = connection
        self._make_channel = make_channel
        limits = connection.local.limits
        self.decoder = frames.FrameDecoder(limits.frame, HELLO_BYTES)
        #: The unfilled rest of a large payload to read into directly, or None; then say how much
        #: with ``pending_filled``.
        self.pending_view: Final = self.decoder.pending_view
        self._values = values.make_decoder(self._reference, limits.depth)
        self._item_limit = limits.item
        self._account: Final = connection.table.account
        self._sole_frame_bytes = HEADER_BYTES + min(255, limits.item)
        control = ControlFrames(connection)
        control.handlers[frames.CHANNEL_DATA] = self._data
        control.handlers[frames.CHANNEL_PART] = self._part
        control.handlers[frames.CHANNEL_BATCH] = self._batch
        self._receive_control = control.receive
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

        It does what ``receive_data`` would do, without an event: the caller knows which
        channel it asked for. Each way takes half as many steps as through all the layers, and these
        steps are most of what a round trip costs.

        Args:
            data: What was read, while the connection runs, ``pending_view`` is None and frames are
                not traced.
            channel: Where an item is expected.

        Returns:
            False if anything is unusual; then nothing was done and ``receive_data`` must do it.
        """
        receiver = channel.receiver
        size = len(data)
        if (
            not HEADER_BYTES < size <= self._sole_frame_bytes
            or data[:8] != channel.item_head
            or data[8] != size - HEADER_BYTES
            or receiver.parts is not None
            or receiver.relieved
            or receiver.state is not states.OPEN
            or self.decoder.rest
        ):
            return False
        total = receiver.arrived + size + FRAMED_ITEM_COST_BYTES
        account = receiver.account
        if (
            total - receiver.granted > receiver.window_bytes
            or account.kept_bytes > account.measured_from_bytes
        ):
            return False
        try:
            item = self._values.decode(data[HEADER_BYTES:], channel.strings or self._connection.strings)
        except (ProtocolError, WireError):
            return False
        kept_bytes = size + FRAMED_ITEM_COST_BYTES
        account.kept_bytes += kept_bytes
        receiver.arrived = total
        receiver.items.append((total, item, kept_bytes))
        return True

    def receive_eof(self) -> None:
        """Take the end of input."""
        connection = self._connection
        if connection.failure is not None or connection.phase is states.ENDED_CONNECTION:
            return
        try:
            if connection.phase is states.PREAMBLE:
                raise RemoteProtocolError(
                    codes.PREAMBLE_MISSING,
                    "the other side ended before it began an xnet connection; "
                    + connection.handshake.describe_noise(),
                )
            try:
                self.decoder.eof()
            except WireError as error:
                if connection.phase in states.LIVE:
                    raise
                rest = f" {error}"
            else:
                rest = ""
            if connection.phase is states.HELLO:
                # What was said before the preamble may say why (HS-025).
                said = connection.handshake.describe_noise() if connection.handshake.noise else ""
                raise RemoteProtocolError(
                    codes.HELLO_MALFORMED,
                    "the other side ended before its HELLO was complete."
                    + rest
                    + (said and f" Before: {said}"),
                )
        except (ProtocolError, WireError) as error:
            self._fail(error)

    def pending_filled(self, count: int) -> list[Event]:
        """Take so many bytes, which were read into the pending view; returns events."""
        frame = self.decoder.pending_filled(count)
        if frame is None or self._connection.phase is states.ENDED_CONNECTION:
            return []
        return self.receive_frames([frame])

    def receive_frames(self, arrived: Iterable[Frame]) -> list[Event]:
        """Act on complete frames, in order. The hot path of every program that receives."""
        events: list[Event] = []
        items: ItemsReceived | None = None
        connection = self._connection
        open_channels = connection.table.open
        decode = self._values.decode
        default_strings = connection.strings
        item_limit = self._item_limit
        account = self._account
        trace = self.trace
        frame_type = id_ = 0
        try:
            for frame_type, id_, payload in arrived:
                if trace is not None:
                    trace(frame_type, id_, len(payload))
                if frame_type == frames.CHANNEL_DATA:
                    channel = open_channels.get(id_)
                    if channel is not None and channel.receiver.state is states.OPEN:
                        receiver = channel.receiver
                        size = len(payload)
                        kept_bytes = size + ITEM_COST_BYTES
                        try:
                            total = receiver.arrive(kept_bytes)
                            parts = receiver.parts
                            if parts is None:
                                if size > item_limit:
                                    self._check_item_size(size)
                                if size > account.scanned_from_bytes:
                                    account.check_decoded(payload, kept_bytes)
                                item = decode(payload, channel.strings or default_strings)
                            else:
                                kept_bytes += parts.size_bytes
                                receiver.parts = None
                                item = self._whole(channel, parts, payload, kept_bytes)
                            if account.kept_bytes > account.measured_from_bytes:
                                kept_bytes = account.keep_measured(item, kept_bytes)
                        except MemoryLimitReached as limit:
                            events.append(self._give_up(channel, limit))
                            items = None
                            continue
                        receiver.items.append((total, item, kept_bytes))
                        if receiver.relieved:
                            connection.return_credit(channel)
                        # One event stands for a run of items on one channel.
                        if items is not None and items.channel is channel:
                            items.count += 1
                        else:
                            items = ItemsReceived(channel, 1)
                            events.append(items)
                        continue
                try:
                    event = self._receive_control(frame_type, id_, payload)
                except MemoryLimitReached as limit:
                    event = self._give_up(open_channels[id_], limit)
                default_strings = connection.strings
                if event is not None:
                    events.append(event)
                    items = None
                    if connection.dispatch is not None and type(event) in ANSWERED_AT_ONCE:
                        connection.dispatch(events)
                        events = []
                        trace = self.trace  # the configuration in HELLO may ask for it
                if connection.phase is states.ENDED_CONNECTION:
                    break
        except (RemoteProtocolError, WireError) as error:
            where = f"{frames.NAMES[frame_type]} on channel {id_}"
            self._fail(RemoteProtocolError(error.code, f"{where}: {error}"), error)
        except PeerGoneAway as error:
            self._fail(error)
        return events

    # -- the frames of items -------------------------------------------------------------------

    def _data(self, id_: int, payload: Payload) -> None:
        """An item for a channel that is not open for receiving (else the hot path had it)."""
        self._taker(id_)

    def _part(self, id_: int, payload: Payload) -> None:
        """Spec: CH-032, CH-033, FR-009."""
        if not payload:
            raise RemoteProtocolError(
                codes.PAYLOAD_MALFORMED, "the piece of an item is empty, at least one byte is expected"
            )
        channel = self._taker(id_)
        if channel is None:
            return
        receiver = channel.receiver
        receiver.arrive(len(payload))
        parts = receiver.parts
        if parts is None:
            parts = receiver.parts = PartialItem()
        self._check_item_size(parts.size_bytes + len(payload))
        parts.add(payload)
        self.decoder.recycle(payload)
        # Credit is due, "while no complete item waits in the channel's queue, [for] everything that
        # has arrived on it": an item may be larger than the window. Spec: FC-014
        self._connection.return_credit(channel)

    def _batch(self, id_: int, payload: Payload) -> Event | None:
        """Spec: CH-034, CH-035."""
        connection = self._connection
        channel = self._taker(id_)
        if channel is None:
            return None
        receiver = channel.receiver
        if receiver.parts is not None:
            raise RemoteProtocolError(
                codes.STATE_VIOLATION, "a batch in the middle of an item that is sent in parts"
            )
        count = values.count_batch(payload)
        cost = len(payload) + ITEM_COST_BYTES * count
        before = receiver.arrived
        total = receiver.arrive(cost)
        if len(payload) > self._item_limit:
            self._check_item_size(longest_item(payload))
        account = self._account
        account.check_decoded(payload, cost)
        items = self._values.decode_batch(payload, channel.strings or connection.strings)
        kept_bytes = (
            account.keep_measured(items, cost) if account.kept_bytes > account.measured_from_bytes else cost
        )
        # Each item carries the same share; the last one carries the rest.
        share, kept_share = cost // count, kept_bytes // count
        totals = range(before + share, before + share * count, share)
        receiver.items.extend(zip(totals, items, repeat(kept_share), strict=False))
        receiver.items.append((total, items[-1], kept_bytes - kept_share * (count - 1)))
        if receiver.relieved:
            connection.return_credit(channel)
        return ItemsReceived(channel, count)

    # -- helpers --------------------------------------------------------------------------------

    def _taker(self, id_: int) -> ChannelState | None:
        """Return the channel of an item, or None if it is gone: then the item is dropped. Spec: CH-061.

        Raises:
            RemoteProtocolError: STATE_VIOLATION, no item may come on it.
        """
        channel = self._connection.table.find(id_)
        if channel is not None:
            channel.receiver.step(states.RECV_ITEM)
        return channel

    def _whole(self, channel: ChannelState, parts: PartialItem, last: Payload, kept_bytes: int) -> Any:
        self._check_item_size(parts.size_bytes + len(last))
        strings = channel.strings or self._connection.strings
        item = parts.finish(
            self._values, last, strings, lambda payload: self._account.check_decoded(payload, kept_bytes)
        )
        self.decoder.recycle(last)
        return item

    def _give_up(self, channel: ChannelState, limit: MemoryLimitReached) -> ChannelClosed:
        """Close the channel of a frame that cannot be kept; items before it stay. Spec: LI-011."""
        error = ChannelError(f"channel {channel.id} is closed: {limit}", LIMIT)
        self._connection.send_close(channel, error)
        return ChannelClosed(channel, error)

    def _check_item_size(self, size_bytes: int) -> None:
        limit = self._item_limit
        if size_bytes > limit:
            raise RemoteProtocolError(
                codes.LIMIT_EXCEEDED,
                f"an item of {size_bytes} bytes or more; the limit announced here is {limit}",
            )

    def _reference(self, id_: int) -> Any:
        return self._make_channel(self._connection.table.referenced(id_))

    def _fail(self, error: ProtocolError | WireError, cause: Exception | None = None) -> None:
        if isinstance(error, WireError):
            cause = error
            error = RemoteProtocolError(error.code, str(error))
        if cause is not None:
            error.__cause__ = cause
        self._connection.fail(error)
