"""What the shell keeps for one channel, for as long as the channel lives.

The user's ``Channel`` may be dropped while a callback still receives; the mailbox stays.
"""

from __future__ import annotations

from _weakref import ref

from xnet_channel.core import states
from xnet_channel.platform.wait_list import WaitList
from xnet_channel.threads.errors import NeverBegunError, callback_error
from xnet_channel.threads.unseen import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.connection import Connection
    from xnet_channel.threads.errors import CallbackError, RemoteError
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.takers import GreenletTaker, Taker
    from xnet_wire.channel_errors import ChannelError

    class Callback(Protocol):
        """What takes the items of a channel in place of a thread; see ``callbacks``."""

        def deliver_one(self) -> bool:
            """Give it the oldest item; return whether there was one and it has been taken."""

        def deliver_end(self) -> None:
            """Tell it, once, that no more items come."""


class Mailbox:
    """The receiving place of one channel.

    Attributes:
        link: The connection whose channel it is.
        state: The core's half machines.
        callback: Takes each item on the callback thread, or None.
        callback_failed: The error of a callback that has failed, or None.
        remote_errors: Errors of the peer that were not seen yet.
        ended: No item will be delivered any more: everything that came has been queued, or the
            callback has seen it and the endmarker.
        last_taker: Which thread, or greenlet, wanted the last item; None if none ever did.
        taken_since: Cost of what had been taken when a blocked sender looked last, and the time since when it
            is the same; see ``deadlock_relief``.
        turns: First the reservation that has the channel, because its thread waits for credit or is in the
            middle of an item's parts; then those that wait for their turn, in order.
        waiters: Threads that wait for news of this channel.
        ref: Gives the user's object, or None if that is gone.

    Threads: all under the connection's lock, but ``ref``.
    """

    __slots__ = (
        "callback",
        "callback_failed",
        "ended",
        "last_taker",
        "link",
        "ref",
        "remote_errors",
        "state",
        "taken_since",
        "turns",
        "waiters",
    )

    def __init__(self, link: Link, state: ChannelState) -> None:
        self.link = link
        self.state = state
        self.callback: Callback | None = None
        self.callback_failed: ChannelError | None = None
        self.remote_errors: list[RemoteError] = []
        self.ended = state.receiver.state is not states.OPEN
        self.last_taker: Taker | GreenletTaker | None = None
        self.taken_since: tuple[int, float] = (-1, 0.0)
        self.turns: list[object] = []
        self.waiters = WaitList()
        self.ref: Callable[[], object] = _no_channel

    def attach(self, channel: object) -> None:
        """Remember the user's object without keeping it alive."""
        self.ref = ref(channel)

    def detach(self) -> None:
        """Forget the user's object."""
        self.ref = _no_channel

    def add_error_locked(self, error: RemoteError) -> None:
        """Keep an error until the channel is looked at; if that was dropped, have the error reported."""
        if self.ref() is None:
            UNSEEN.tell_soon(error, self.link.reactor)
            return
        self.remote_errors.append(error)
        UNSEEN.keep(self)

    def take_error_locked(self) -> Exception | None:
        """Return what went wrong: a remote error (each once), a callback's, the connection's end, or None."""
        if self.remote_errors:
            error = self.remote_errors.pop(0)
            if not self.remote_errors:
                UNSEEN.forget(self)
            return error
        if self.callback_failed is not None:
            return self.callback_error()
        if self.state.closed or self.state.receiver.state is not states.OPEN:
            return None
        end_error = self.link.end_error
        if end_error is not None and self.link.connection.is_unknown_to_peer(self.state):
            return NeverBegunError(str(end_error))  # [GR-022]
        return end_error

    def callback_error(self) -> CallbackError | None:
        """Return the error of a callback that has failed, a new one each time, else None."""
        failed = self.callback_failed
        return None if failed is None else callback_error(failed, self.state.id)

    def has_news(self) -> bool:
        """Return whether a thread that waits for an item has to wait no longer."""
        receiver = self.state.receiver
        return (
            bool(receiver.items)
            or receiver.state is not states.OPEN
            or self.link.end_error is not None
            or self.callback is not None
        )

    def end_after_fork(self) -> None:
        """End in a forked child: the threads that waited, and the callback's, are the parent's."""
        self.ended = True
        self.waiters = WaitList()


def open_mailboxes(connection: Connection) -> list[Mailbox]:
    """Return those of the open channels, except channels that were not looked at yet."""
    shells = [state.shell for state in list(connection.table.open.values())]
    return [shell for shell in shells if isinstance(shell, Mailbox)]


def _no_channel() -> None:
    """Stand for the weak reference to a channel that is gone."""
