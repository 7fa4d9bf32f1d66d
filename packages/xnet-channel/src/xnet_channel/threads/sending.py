"""Sending items: encode outside the lock, then frames as credit allows.

The usual item is small and credit is there: one lock, one frame, one write. A thread that has to wait, for
credit or because its item needs several frames, reserves the channel first: see ``reservation``.

Spec: FC-020 to FC-024 (what a frame may cost, parts).
"""

from __future__ import annotations

from xnet_channel.core.errors import LocalProtocolError
from xnet_channel.platform.interrupts import (
    INTERRUPTS,
    InterruptsHeld,
    InterruptsLetThrough,
    hold_interrupts,
    let_interrupts_through,
    release_interrupts,
)
from xnet_wire import values
from xnet_wire.errors import DumpError
from xnet_wire.limits import ITEM_COST_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Final

    from xnet_channel.core.outgoing import Buffer
    from xnet_channel.threads.cancelling import Cancelling
    from xnet_channel.threads.end_reason import EndReason
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.reservation import Reservations
    from xnet_channel.threads.writer import Writer

#: A batch is sent when its items cost this much: large enough to make the frame's own cost
#: vanish, small enough to reach the other side soon.
BATCH_BYTES: Final = 32_768
#: Pieces of bytes are at least this long: the first is their head.
MIN_PART_BYTES: Final = 16


class Sending:
    """How items are sent on the channels of one connection.

    Attributes:
        make_encoder: ``values.make_encoder`` for these channels, set by ``Session``.
        encode: Encodes an item, with channels of this connection in it; raises DumpError. Set with
            ``make_encoder``, and again when it is known what the other side takes.
        reservations: For threads that have to wait.
    """

    make_encoder: Callable[..., Callable[[object], bytes]]
    encode: Callable[[object], bytes]

    def __init__(
        self,
        link: Link,
        writer: Writer,
        cancelling: Cancelling,
        end_reason: EndReason,
        reservations: Reservations,
    ) -> None:
        self._link = link
        self._connection = link.connection
        self._writer = writer
        self._cancelling = cancelling
        self._end_reason = end_reason
        self.reservations = reservations

    def send_item(self, mailbox: Mailbox, item: object) -> None:
        """Send one item; see ``Channel.send``."""
        connection = self._connection
        position_bytes = -1
        pieces: Sequence[Buffer] = ()
        held = hold_interrupts()
        try:
            if type(item) is bytes and len(item) > connection.part_bytes >= MIN_PART_BYTES:
                # Not encoded as a whole: that would be a copy.
                pieces = values.encode_parts(item, connection.part_bytes)
            else:
                payload = self.encode(item)
                size = len(payload)
                with self._link.lock:
                    if self._cancelling.threads:
                        self._cancelling.interrupt_here_locked()
                    writer = self._writer
                    frame = None if mailbox.turns else connection.small_item(mailbox.state, payload)
                    if frame is not None:
                        if writer.write_locked(frame) and writer.broken is None:
                            return
                        position_bytes = connection.out.queued_bytes
                    elif (
                        size <= connection.part_bytes
                        and not mailbox.turns
                        and connection.send_item(mailbox.state, payload, size + ITEM_COST_BYTES)
                    ):
                        if writer.flush_locked() and writer.broken is None:
                            return
                        position_bytes = connection.out.queued_bytes
                    else:
                        pieces = _cut(payload, connection.part_bytes)
        except LocalProtocolError as error:
            raise self._end_reason.cannot_send(mailbox, error) from error
        finally:
            if held is not None:
                release_interrupts(held)
        if pieces:
            self._send_parts(mailbox, pieces)
        else:
            self.reservations.wait_written(mailbox, position_bytes)

    def send_at_once(self, mailbox: Mailbox, item: object) -> bool:
        """Send one item if that takes no wait; return whether it is sent.

        Raises:
            DumpError, OSError: See ``Channel.send``.
        """
        connection = self._connection
        writer = self._writer
        if type(item) is bytes and len(item) > connection.part_bytes:
            return False
        payload = self.encode(item)
        size = len(payload)
        try:
            with InterruptsHeld(), self._link.lock:
                if size > connection.part_bytes or mailbox.turns or writer.backlog_bytes:
                    return False
                if self._end_reason.is_awaited_locked():
                    return False  # a call that may wait learns why
                sent = connection.send_item(mailbox.state, payload, size + ITEM_COST_BYTES)
                if sent:
                    # What the kernel does not take now the reactor writes: one frame at most.
                    writer.flush_soon_locked()
                broken = writer.broken
        except LocalProtocolError as error:
            raise self._end_reason.cannot_send(mailbox, error) from error
        if broken is not None:
            raise self._end_reason.cannot_send(mailbox, broken)
        return sent

    def send_items(self, mailbox: Mailbox, items: Iterable[object]) -> None:
        """Send many items in few frames; see ``Channel.send_many``."""
        encode = self.encode
        limit_bytes = min(BATCH_BYTES, self._connection.part_bytes)
        batch: list[bytes] = []
        # A channel in an item must not be dropped, and so closed, before the item is on its way.
        kept: list[object] = []
        cost_bytes = 0
        try:
            with InterruptsHeld() as held, InterruptsLetThrough(held.here):
                here = held.here
                for item in items:
                    # By hand what `InterruptsHeld` does inside of the other: it is done for each item.
                    if here:
                        INTERRUPTS.let_through = False
                    payload = encode(item)
                    if here:
                        INTERRUPTS.let_through = True
                        if INTERRUPTS.caught:
                            let_interrupts_through()
                    item_cost_bytes = len(payload) + ITEM_COST_BYTES
                    if cost_bytes + item_cost_bytes > limit_bytes:
                        full, batch, cost_bytes = batch, [], 0
                        self._send_batch(mailbox, full)
                        kept.clear()
                        if item_cost_bytes > limit_bytes:
                            self.send_item(mailbox, item)
                            continue
                    batch.append(payload)
                    kept.append(item)
                    cost_bytes += item_cost_bytes
        finally:
            # Also when an item could not be sent: those before it are.
            self._send_batch(mailbox, batch)

    def send_long(self, mailbox: Mailbox, payload: bytes) -> None:
        """Send an item that is encoded already and takes several frames; see ``Channel.send``."""
        self._send_parts(mailbox, _cut(payload, self._connection.part_bytes))

    def _send_parts(self, mailbox: Mailbox, pieces: Sequence[Buffer]) -> None:
        """Send one item: all pieces but the last as CHANNEL_PART."""
        connection = self._connection
        state = mailbox.state
        limit_bytes = connection.handshake.peer.limits.item if connection.handshake.complete else 0
        size_bytes = sum(map(len, pieces))
        if connection.handshake.complete and size_bytes > limit_bytes:
            raise DumpError(f"the item takes {size_bytes} bytes, the other side takes at most {limit_bytes}")
        with self.reservations.of(mailbox) as reservation:
            for piece in pieces[:-1]:
                reservation.send(len(piece), lambda piece=piece: connection.send_part(state, piece))  # type: ignore[misc]
            last = pieces[-1]
            cost_bytes = len(last) + ITEM_COST_BYTES
            reservation.send(cost_bytes, lambda: connection.send_item(state, last, cost_bytes))

    def _send_batch(self, mailbox: Mailbox, batch: list[bytes]) -> None:
        if not batch:
            return
        payload = values.encode_batch(batch)
        cost_bytes = len(payload) + ITEM_COST_BYTES * len(batch)
        with self.reservations.of(mailbox) as reservation:
            reservation.send(
                cost_bytes, lambda: self._connection.send_batch(mailbox.state, payload, cost_bytes)
            )


def _cut(payload: bytes, part_bytes: int) -> list[memoryview]:
    """Cut an encoded item into pieces for one frame each."""
    view = memoryview(payload)
    size = part_bytes or len(view)
    return [view[start : start + size] for start in range(0, len(view), size)]
