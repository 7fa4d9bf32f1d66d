"""What the shell keeps for one channel, for as long as the channel lives.

The user's ``Channel`` may be dropped while a callback still receives; the mailbox stays.
"""

from __future__ import annotations

import weakref

from xnet_channel.core import states
from xnet_channel.platform.wait_list import WaitList
from xnet_channel.threads.errors import NeverBegunError, callback_error
from xnet_channel.threads.unseen import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.errors import CallbackError, RemoteError
    from xnet_channel.threads.session import Session
    from xnet_channel.threads.takers import GreenletTaker, Taker
    from xnet_wire.channel_errors import ChannelError

#: Stands for "no endmarker wanted": None is a value that callbacks may want.
NO_ENDMARKER: Final = object()


class Mailbox:
    """The receiving place of one channel.

    Attributes:
        session: Whose channel it is.
        state: The core's half machines.
        callback: Called on the callback thread for each item, or None.
        endmarker: What the callback gets when no more items come, or ``NO_ENDMARKER``.
        callback_failed: The error of a callback that has failed, or None.
        remote_errors: Errors of the peer that nobody has seen yet.
        ended: No item will be delivered any more: everything that came has been queued, or the
            callback has seen it and the endmarker.
        last_taker: Which thread, or greenlet, wanted the last item; None if nobody ever did.
        looked_at: Cost of what had been taken when a blocked sender looked last, and since when it is
            the same; see ``relief``.
        waiters: Threads that wait for news of this channel.

    Threads: all under the session's lock, but ``ref``.
    """

    __slots__ = (
        "callback",
        "callback_failed",
        "ended",
        "endmarker",
        "last_taker",
        "looked_at",
        "ref",
        "remote_errors",
        "session",
        "state",
        "waiters",
    )

    def __init__(self, session: Session, state: ChannelState) -> None:
        self.session = session
        self.state = state
        self.callback: Callable[[Any], object] | None = None
        self.endmarker: object = NO_ENDMARKER
        self.callback_failed: ChannelError | None = None
        self.remote_errors: list[RemoteError] = []
        self.ended = state.receiver.state is not states.OPEN
        self.last_taker: Taker | GreenletTaker | None = None
        self.looked_at: tuple[int, float] = (-1, 0.0)
        self.waiters = WaitList()
        self.ref: Callable[[], Channel | None] = _no_channel

    def attach(self, channel: Channel) -> None:
        """Remember the user's object without keeping it alive."""
        self.ref = weakref.ref(channel)

    def detach(self) -> None:
        """Forget the user's object."""
        self.ref = _no_channel

    def add_error_locked(self, error: RemoteError) -> None:
        """Keep an error for who looks at the channel; if nobody can, have it told elsewhere."""
        if self.ref() is None:
            UNSEEN.tell_soon(error, self.session.reactor)
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
        end_error = self.session.end_error
        if end_error is not None and self.session.connection.is_unknown_to_peer(self.state):
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
            or self.session.end_error is not None
            or self.callback is not None
        )

    def end_after_fork(self) -> None:
        """End in a forked child: the threads that waited, and the callback's, are the parent's."""
        self.ended = True
        self.waiters = WaitList()


def _no_channel() -> None:
    """Stand for the weak reference to a channel that is gone."""
