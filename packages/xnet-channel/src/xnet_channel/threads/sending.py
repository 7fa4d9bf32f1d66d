"""Sending items: encode outside the lock, then frames as credit allows.

The usual item is small and there is credit: one lock, one frame, one write. Whoever has to wait,
for credit or because the item needs several frames, reserves the channel first, so that parts of
two items never mix. Those that wait have their turn in the order in which they came, an item each.

Spec: FC-020 to FC-024 (what a frame may cost, parts), FC-040 (who waits for credit).
"""

from __future__ import annotations

from xnet_channel.core import states
from xnet_channel.core.errors import LocalProtocolError
from xnet_channel.platform.interrupts import (
    INTERRUPTS,
    hold_interrupts,
    let_interrupts_through,
    release_interrupts,
)
from xnet_channel.platform.native import CLOCK
from xnet_channel.threads.errors import CANNOT_SEND, INTERRUPT, WorkerEndingError
from xnet_channel.threads.last_words import await_reason_locked, is_broken
from xnet_channel.threads.relief import STALL_S
from xnet_wire import values
from xnet_wire.channel_errors import INTERRUPTED, ChannelError
from xnet_wire.errors import DumpError
from xnet_wire.limits import ITEM_COST_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType
    from typing import Final

    from xnet_channel.core.outgoing import Buffer
    from xnet_channel.threads.errors import RemoteError
    from xnet_channel.threads.mailbox import Mailbox

#: A batch is sent when its items cost this much: large enough to make the frame's own cost
#: vanish, small enough to reach the other side soon.
BATCH_BYTES: Final = 32_768
#: Pieces of bytes are at least this long: the first is their head.
MIN_PART_BYTES: Final = 16


def send_item(mailbox: Mailbox, item: object) -> None:
    """Send one item; see ``Channel.send``."""
    session = mailbox.session
    connection = session.connection
    position_bytes = -1
    pieces: Sequence[Buffer] = ()
    held = hold_interrupts()
    try:
        if type(item) is bytes and len(item) > connection.part_bytes >= MIN_PART_BYTES:
            # Not encoded as a whole: that would be a copy.
            pieces = values.encode_parts(item, connection.part_bytes)
        else:
            payload = session.encode(item)
            size = len(payload)
            with session.lock:
                if session.cancelling.threads:
                    session.cancelling.interrupt_here_locked()
                state = mailbox.state
                if (
                    size <= connection.part_bytes
                    and not state.sender.turns
                    and connection.send_item(state, payload, size + ITEM_COST_BYTES)
                ):
                    writer = session.writer
                    if writer.flush_locked() and writer.broken is None:
                        return
                    position_bytes = connection.out.queued_bytes
                else:
                    pieces = _cut(payload, connection.part_bytes)
    except LocalProtocolError as error:
        raise _cannot_send(mailbox, error) from error
    finally:
        if held is not None:
            release_interrupts(held)
    if pieces:
        _send_parts(mailbox, pieces)
    else:
        _wait_written(mailbox, position_bytes)


def send_at_once(mailbox: Mailbox, item: object) -> bool:
    """Send one item if that takes no wait; return whether it is sent.

    Raises:
        DumpError, OSError: See ``Channel.send``.
    """
    session = mailbox.session
    connection = session.connection
    writer = session.writer
    if type(item) is bytes and len(item) > connection.part_bytes:
        return False
    payload = session.encode(item)
    size = len(payload)
    held = hold_interrupts()
    try:
        with session.lock:
            state = mailbox.state
            if size > connection.part_bytes or state.sender.turns or writer.backlog_bytes:
                return False
            if is_broken(session):
                return False  # who may wait gets to know why
            sent = connection.send_item(state, payload, size + ITEM_COST_BYTES)
            if sent:
                # What the kernel does not take now the reactor writes: one frame at most.
                writer.flush_soon_locked()
            broken = writer.broken
    except LocalProtocolError as error:
        raise _cannot_send(mailbox, error) from error
    finally:
        if held is not None:
            release_interrupts(held)
    if broken is not None:
        raise _cannot_send(mailbox, broken)
    return sent


def send_items(mailbox: Mailbox, items: Iterable[object]) -> None:
    """Send many items in few frames; see ``Channel.send_many``."""
    session = mailbox.session
    encode = session.encode
    limit_bytes = min(BATCH_BYTES, session.connection.part_bytes)
    batch: list[bytes] = []
    # A channel in an item must not be dropped, and so closed, before the item is on its way.
    kept: list[object] = []
    cost_bytes = 0
    held = hold_interrupts()
    try:
        if held is not None:
            let_interrupts_through()
        for item in items:
            if held is not None:
                INTERRUPTS.let_through = False
            payload = encode(item)
            if held is not None:
                INTERRUPTS.let_through = True
                if INTERRUPTS.caught:
                    let_interrupts_through()
            item_cost_bytes = len(payload) + ITEM_COST_BYTES
            if cost_bytes + item_cost_bytes > limit_bytes:
                full, batch, cost_bytes = batch, [], 0
                _send_batch(mailbox, full)
                kept.clear()
                if item_cost_bytes > limit_bytes:
                    send_item(mailbox, item)
                    continue
            batch.append(payload)
            kept.append(item)
            cost_bytes += item_cost_bytes
    finally:
        try:
            if held is not None:
                INTERRUPTS.let_through = False
                release_interrupts(held)
        finally:
            # Also when an item could not be sent: those before it are.
            _send_batch(mailbox, batch)


def _cut(payload: bytes, part_bytes: int) -> list[memoryview]:
    """Cut an encoded item into pieces for one frame each."""
    view = memoryview(payload)
    size = part_bytes or len(view)
    return [view[start : start + size] for start in range(0, len(view), size)]


class Reservation:
    """A channel's send half, for one thread that may have to wait.

    Leaving it with an error in the middle of an item closes the channel: the other side could
    not tell the rest of this item from the next one.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._session = mailbox.session
        self._sender = mailbox.state.sender
        self._held: object = None

    def __enter__(self) -> Reservation:  # noqa: PYI034 - Self needs Python 3.11
        # Interrupts are let through while it waits only: else one may come where nobody would undo
        # what has been done, and the channel would be reserved for ever.
        self._held = hold_interrupts()
        try:
            with self._session.lock:
                self._session.cancelling.interrupt_here_locked()
                turns = self._sender.turns
                turns.append(self)
                self._wait_locked(lambda: turns[0] is self)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hold_again()  # an error may have come while they were let through
        try:
            with self._session.lock:
                if self in self._sender.turns:
                    self._sender.turns.remove(self)
                if error is not None and self._sender.in_parts:
                    text = f"sending was interrupted in the middle of an item by {error!r}"
                    reason = ChannelError(text, INTERRUPTED)
                    if isinstance(error, KeyboardInterrupt):
                        reason = self._session.cancelling.reason_locked(self._mailbox.state.id, reason)
                    if isinstance(error, WorkerEndingError):
                        reason = INTERRUPT  # as its whole execution is
                    self._session.close_channel_locked(self._mailbox, reason)
                self._session.tell_locked(self._mailbox)
        finally:
            self._release()

    def _release(self) -> None:
        if self._held is not None:
            INTERRUPTS.let_through = False
            release_interrupts(self._held)

    def send(self, cost_bytes: int, action: Callable[[], bool]) -> None:
        """Wait for credit, queue the frame, and wait until the kernel has it.

        Raises:
            OSError: The channel or connection is closed.
        """
        session = self._session
        sender = self._sender
        try:
            with session.lock:
                if sender.credit < cost_bytes:
                    self._wait_locked(lambda: sender.credit >= cost_bytes)
                action()
                position_bytes = session.connection.out.queued_bytes
                written = session.writer.flush_locked()
        except LocalProtocolError as error:
            raise _cannot_send(self._mailbox, error) from error
        if not written or session.writer.broken is not None:
            self._let_through()
            _wait_written(self._mailbox, position_bytes)
            self._hold_again()
        elif self._held is not None and INTERRUPTS.caught:
            self._let_through()
            self._hold_again()

    def _wait_locked(self, ready: Callable[[], bool]) -> None:
        session = self._session
        sender = self._sender
        relief = session.relief

        def done() -> bool:
            return (
                ready()
                or sender.state is not states.OPEN
                or session.finished
                or session.connection.gives_no_work
            )

        if done():
            return
        blocked = relief.sender_blocks_locked()
        try:
            self._let_through()
            while not done():
                last_credit_by_s = relief.last_credit_by_s
                stall_at_s = CLOCK.monotonic() + STALL_S
                session.leading.wait_locked(
                    lambda by_s=last_credit_by_s: done() or relief.last_credit_by_s != by_s,  # type: ignore[misc]
                    stall_at_s if last_credit_by_s is None else min(last_credit_by_s, stall_at_s),
                    self._mailbox.waiters,
                )
                if last_credit_by_s is not None and CLOCK.monotonic() >= last_credit_by_s and not done():
                    raise WorkerEndingError(str(_cannot_send_locked(self._mailbox, None)))
                if CLOCK.monotonic() >= stall_at_s:
                    relief.sender_stalls_locked()
        finally:
            self._hold_again()
            relief.sender_goes_on_locked(blocked)

    def _let_through(self) -> None:
        if self._held is not None:
            let_interrupts_through()

    def _hold_again(self) -> None:
        if self._held is not None:
            INTERRUPTS.let_through = False


def _send_parts(mailbox: Mailbox, pieces: Sequence[Buffer]) -> None:
    """Send one item: all pieces but the last as CHANNEL_PART."""
    connection = mailbox.session.connection
    state = mailbox.state
    limit_bytes = connection.handshake.peer.limits.item if connection.handshake.complete else 0
    size_bytes = sum(map(len, pieces))
    if connection.handshake.complete and size_bytes > limit_bytes:
        raise DumpError(f"the item takes {size_bytes} bytes, the other side takes at most {limit_bytes}")
    with Reservation(mailbox) as reservation:
        for piece in pieces[:-1]:
            reservation.send(len(piece), lambda piece=piece: connection.send_part(state, piece))  # type: ignore[misc]
        last = pieces[-1]
        cost_bytes = len(last) + ITEM_COST_BYTES
        reservation.send(cost_bytes, lambda: connection.send_item(state, last, cost_bytes))


def _send_batch(mailbox: Mailbox, batch: list[bytes]) -> None:
    if not batch:
        return
    connection = mailbox.session.connection
    payload = values.encode_batch(batch)
    cost_bytes = len(payload) + ITEM_COST_BYTES * len(batch)
    with Reservation(mailbox) as reservation:
        reservation.send(cost_bytes, lambda: connection.send_batch(mailbox.state, payload, cost_bytes))


def _wait_written(mailbox: Mailbox, position_bytes: int) -> None:
    writer = mailbox.session.writer
    writer.wait_written(position_bytes)
    if writer.broken is not None or writer.written_bytes < position_bytes:
        raise _cannot_send(mailbox, writer.broken)


def _cannot_send(mailbox: Mailbox, reason: Exception | None) -> OSError:
    with mailbox.session.lock:
        if mailbox.state.sender.state is states.OPEN:
            await_reason_locked(mailbox.session)
        return _cannot_send_locked(mailbox, reason)


def _cannot_send_locked(mailbox: Mailbox, reason: Exception | None) -> OSError:
    session = mailbox.session
    if session.end_error is not None:
        why = str(session.end_error)
    elif mailbox.state.sender.state is not states.OPEN:
        why = f"channel {mailbox.state.id} is closed"
        if mailbox.remote_errors:
            # The whole of it is for receive() and waitclose().
            why += f", the other side failed: {_words_of(mailbox.remote_errors[0])}"
    else:
        why = str(reason)
    return OSError(f"{CANNOT_SEND}{why}")


def _words_of(error: RemoteError) -> str:
    """Return what fits into a sentence of an error; its text may be a traceback."""
    if error.type is None:
        return error.formatted.strip().rpartition("\n")[2]
    return f"{error.type}: {error.message}" if error.message else error.type
