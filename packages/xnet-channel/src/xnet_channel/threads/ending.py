"""How a connection ends on this side: once, with a reason that every waiting thread gets."""

from __future__ import annotations

from xnet_channel.core.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.callback_thread import CallbackThread
    from xnet_channel.threads.deadlock_relief import DeadlockRelief
    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailboxes import Mailboxes
    from xnet_channel.threads.writer import Writer


class Ending:
    """Ends one connection.

    Attributes:
        link: The connection.

    Threads: all under the lock.
    """

    def __init__(
        self,
        link: Link,
        writer: Writer,
        leading: LeaderFollower,
        callback_thread: CallbackThread,
        relief: DeadlockRelief,
        mailboxes: Mailboxes,
    ) -> None:
        self.link = link
        self._writer = writer
        self._leading = leading
        self._callback_thread = callback_thread
        self._relief = relief
        self._mailboxes = mailboxes

    def finish_locked(self, text: str, *, asked: bool = False) -> None:
        """End the connection: every waiting thread gets an EOFError with this text.

        Args:
            text: Why.
            asked: The end was asked for, by whichever side.
        """
        link = self.link
        if link.finished:
            return
        link.finished = True
        link.broken_off = not asked
        link.connection.fail(ProtocolError(text))
        self.end_receiving_locked(text)
        self._writer.finish_locked()
        self._callback_thread.stop_locked()
        self._leading.finish_locked()

    def end_receiving_locked(self, text: str) -> None:
        """Nothing will be received any more: threads that wait for items get an EOFError with this text."""
        if self.link.end_error is None:
            self._relief.set_last_credit_deadline_locked()
            self.link.end_error = EOFError(text)
            for state in list(self.link.connection.table.open.values()):
                self._mailboxes.end_locked(self._mailboxes.of_locked(state))
        self._leading.wake_all_locked()
