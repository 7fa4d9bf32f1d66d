"""A channel for one thread that has to wait: for credit, or because its item goes in parts.

Parts of two items must never mix, and none overtake another. So those that wait have their turn in the order
in which they came, an item each.

Spec: FC-024 (order), FC-040 (waiting for credit).
"""

from __future__ import annotations

from xnet_channel.core import states
from xnet_channel.core.errors import LocalProtocolError
from xnet_channel.platform.interrupts import InterruptsHeld, InterruptsLetThrough
from xnet_channel.platform.native import CLOCK
from xnet_channel.threads.deadlock_relief import STALL_S
from xnet_channel.threads.errors import INTERRUPT, WorkerEndingError
from xnet_wire.channel_errors import INTERRUPTED, ChannelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from xnet_channel.threads.cancelling import Cancelling
    from xnet_channel.threads.deadlock_relief import DeadlockRelief
    from xnet_channel.threads.end_reason import EndReason
    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.mailboxes import Mailboxes
    from xnet_channel.threads.writer import Writer


class Reservations:
    """The parts of a connection that a thread needs while it waits to send.

    Attributes:
        link: The connection.
        writer: Its outgoing side.
        leading: Its incoming side, which brings credit.
        relief: What others get while one waits.
        cancelling: Executions that are to be interrupted.
        mailboxes: How a channel is closed.
        end_reason: Why nothing can be sent any more.
    """

    def __init__(
        self,
        link: Link,
        writer: Writer,
        leading: LeaderFollower,
        relief: DeadlockRelief,
        cancelling: Cancelling,
        mailboxes: Mailboxes,
        end_reason: EndReason,
    ) -> None:
        self.link = link
        self.writer = writer
        self.leading = leading
        self.relief = relief
        self.cancelling = cancelling
        self.mailboxes = mailboxes
        self.end_reason = end_reason

    def of(self, mailbox: Mailbox) -> Reservation:
        """Return a reservation of a channel, for ``with``."""
        return Reservation(self, mailbox)

    def wait_written(self, mailbox: Mailbox, position_bytes: int) -> None:
        """Wait until the kernel has what was queued up to a position.

        Raises:
            OSError: It takes no more.
        """
        writer = self.writer
        writer.wait_written(position_bytes)
        unwritten = writer.written_bytes < position_bytes and self.link.finished
        if writer.broken is not None or unwritten:
            raise self.end_reason.cannot_send(mailbox, writer.broken)


class Reservation:
    """A channel's send half, for one thread that may have to wait.

    Leaving it with an error in the middle of an item closes the channel: the other side could
    not tell the rest of this item from the next one.

    Interrupts are let through only while it waits: elsewhere one could leave the channel reserved forever.
    """

    def __init__(self, shared: Reservations, mailbox: Mailbox) -> None:
        self._shared = shared
        self._link = shared.link
        self._mailbox = mailbox
        self._sender = mailbox.state.sender
        self._held = InterruptsHeld()

    def __enter__(self) -> Reservation:  # noqa: PYI034 - Self needs Python 3.11
        self._held.__enter__()
        try:
            with self._shared.link.lock:
                self._shared.cancelling.interrupt_here_locked()
                turns = self._mailbox.turns
                turns.append(self)
                self._wait_locked(lambda: turns[0] is self)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shared = self._shared
        mailbox = self._mailbox
        try:
            with shared.link.lock:
                if self in mailbox.turns:
                    mailbox.turns.remove(self)
                if error is not None and self._sender.in_parts:
                    text = f"sending was interrupted in the middle of an item by {error!r}"
                    reason = ChannelError(text, INTERRUPTED)
                    if isinstance(error, KeyboardInterrupt):
                        reason = shared.cancelling.reason_locked(mailbox.state.id, reason)
                    if isinstance(error, WorkerEndingError):
                        reason = INTERRUPT  # as its whole execution is
                    shared.mailboxes.close_locked(mailbox, reason)
                shared.leading.tell_locked(mailbox)
        finally:
            self._held.__exit__()

    def send(self, cost_bytes: int, action: Callable[[], bool]) -> None:
        """Wait for credit, queue the frame, and wait until the kernel has it.

        Raises:
            OSError: The channel or connection is closed.
        """
        shared = self._shared
        sender = self._sender
        try:
            with shared.link.lock:
                if sender.credit < cost_bytes:
                    self._wait_locked(lambda: sender.credit >= cost_bytes)
                action()
                position_bytes = shared.link.connection.out.queued_bytes
                written = shared.writer.flush_locked()
        except LocalProtocolError as error:
            raise shared.end_reason.cannot_send(self._mailbox, error) from error
        with InterruptsLetThrough(self._held.here):
            if not written or shared.writer.broken is not None:
                shared.wait_written(self._mailbox, position_bytes)

    def _wait_locked(self, ready: Callable[[], bool]) -> None:
        shared = self._shared
        link = self._link
        sender = self._sender
        relief = shared.relief

        def done() -> bool:
            return (
                ready() or sender.state is not states.OPEN or link.finished or link.connection.gives_no_work
            )

        if done():
            return
        blocked = relief.sender_blocks_locked()
        try:
            with InterruptsLetThrough(self._held.here):
                while not done():
                    last_credit_by_s = relief.last_credit_by_s
                    stall_at_s = CLOCK.monotonic() + STALL_S
                    shared.leading.wait_locked(
                        lambda by_s=last_credit_by_s: done() or relief.last_credit_by_s != by_s,  # type: ignore[misc]
                        stall_at_s if last_credit_by_s is None else min(last_credit_by_s, stall_at_s),
                        self._mailbox.waiters,
                    )
                    if last_credit_by_s is not None and CLOCK.monotonic() >= last_credit_by_s and not done():
                        raise WorkerEndingError(
                            str(shared.end_reason.cannot_send_locked(self._mailbox, None))
                        )
                    if CLOCK.monotonic() >= stall_at_s:
                        relief.sender_stalls_locked()
        finally:
            relief.sender_goes_on_locked(blocked)
