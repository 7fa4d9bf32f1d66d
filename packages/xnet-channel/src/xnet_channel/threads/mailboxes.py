"""The mailboxes of one connection: how one is made, ends, and is closed from this side."""

from __future__ import annotations

from xnet_channel.platform.interrupts import InterruptsHeld
from xnet_channel.threads.mailbox import Mailbox, open_mailboxes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.threads.callback_thread import CallbackThread
    from xnet_channel.threads.deadlock_relief import DeadlockRelief
    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.writer import Writer
    from xnet_wire.channel_errors import ChannelError


class Mailboxes:
    """One for each channel that has been looked at. Threads: all under the lock."""

    def __init__(
        self,
        link: Link,
        writer: Writer,
        leading: LeaderFollower,
        relief: DeadlockRelief,
        callback_thread: CallbackThread,
    ) -> None:
        self._link = link
        self._writer = writer
        self._leading = leading
        self._relief = relief
        self._callback_thread = callback_thread

    def of_locked(self, state: ChannelState) -> Mailbox:
        """Return the mailbox of a channel, making it for one that is new."""
        mailbox = state.shell
        if isinstance(mailbox, Mailbox):
            return mailbox
        mailbox = state.shell = Mailbox(self._link, state)
        self._relief.opened_locked(mailbox)
        if len(self._link.connection.table.open) == 2:
            self._leading.wake_all_locked()  # from now on a channel can starve: see ``deadlock_relief``
        return mailbox

    def end_locked(self, mailbox: Mailbox) -> None:
        """No item will come any more: tell waiting threads, or the callback."""
        if mailbox.callback is not None and not mailbox.ended:
            self._callback_thread.push_locked(mailbox.callback, 0)
        else:
            mailbox.ended = True
        self._leading.tell_locked(mailbox)

    def end_after_fork(self) -> None:
        """End those that are open, in a forked child: the threads that waited are the parent's."""
        for mailbox in open_mailboxes(self._link.connection):
            mailbox.end_after_fork()

    def close_locked(self, mailbox: Mailbox, error: ChannelError | None) -> None:
        """Close a channel from this side."""
        with InterruptsHeld():
            self._link.connection.send_close(mailbox.state, error)
            self._writer.flush_soon_locked()
            self.end_locked(mailbox)
