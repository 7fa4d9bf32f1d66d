"""One end of a connection, put together: what its channels use of it."""

from __future__ import annotations

from xnet_channel.threads.callback_thread import CallbackThread
from xnet_channel.threads.callbacks import Callbacks
from xnet_channel.threads.cancelling import Cancelling
from xnet_channel.threads.deadlock_relief import DeadlockRelief
from xnet_channel.threads.end_reason import EndReason
from xnet_channel.threads.finalizers import Finalizers
from xnet_channel.threads.leader_follower import LeaderFollower
from xnet_channel.threads.mailboxes import Mailboxes
from xnet_channel.threads.reservation import Reservations
from xnet_channel.threads.sending import Sending
from xnet_channel.threads.writer import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xnet_channel.threads.link import Link


class Endpoint:
    """The parts of the stack, from the bottom to the top, each given those it needs of the ones before it.

    Attributes:
        link: Lock, core, descriptors, and how it ended.
        owner: The user of the connection: ``Channel.gateway``.
        cancelling: Executions that are to be interrupted.
        writer: The outgoing side.
        leading: The incoming side.
        callback_thread: Runs callbacks.
        relief: Gives credit while the thread that should take items is blocked.
        mailboxes: What the shell keeps for each channel.
        end_reason: Why nothing can be sent any more.
        sending: How items are sent.
        callbacks: How items are given to callbacks.
        finalizers: Channels that are not held any more.
    """

    def __init__(self, link: Link, owner: object, has_greenlets: Callable[[], bool]) -> None:
        """Put them together.

        Args:
            link: The connection.
            owner: Its user.
            has_greenlets: See ``SessionOwner.has_greenlets``.
        """
        self.link = link
        self.owner = owner
        self.cancelling = Cancelling()
        self.writer = Writer(link)
        self.leading = LeaderFollower(link, self.cancelling)
        self.callback_thread = CallbackThread(link, has_greenlets)
        self.relief = DeadlockRelief(link, self.writer, self.leading, self.callback_thread)
        self.mailboxes = Mailboxes(link, self.writer, self.leading, self.relief, self.callback_thread)
        self.end_reason = EndReason(link, self.writer, self.leading)
        reservations = Reservations(
            link, self.writer, self.leading, self.relief, self.cancelling, self.mailboxes, self.end_reason
        )
        self.sending = Sending(link, self.writer, self.cancelling, self.end_reason, reservations)
        self.callbacks = Callbacks(link, self.writer, self.leading, self.mailboxes, self.callback_thread)
        self.finalizers = Finalizers(link, self.writer, self.mailboxes)

    def leave_to_parent(self) -> None:
        """End in a forked child, whose parent has the connection and writes what was queued."""
        self.link.leave_to_parent()
        self.callback_thread.forget_after_fork()
        self.writer.forget()
        self.mailboxes.end_after_fork()
        with self.link.lock:
            self.leading.close_locked()
