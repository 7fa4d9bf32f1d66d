"""Why nothing can be sent any more: a call that comes right after the end still gets the reason.

A write fails, or the end of the stream is read, some milliseconds before the process handle says how the
process ended, and only then does the session end with that reason. Calls made in between wait for it.
"""

from __future__ import annotations

from xnet_channel.core import states
from xnet_channel.core.errors import LocalProtocolError
from xnet_channel.platform.native import CLOCK
from xnet_channel.threads.errors import CANNOT_SEND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, TypeVar

    from xnet_channel.threads.errors import RemoteError
    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.writer import Writer

    T = TypeVar("T")

#: How long to wait at most, in seconds. A gateway waits less for its process.
REASON_S: Final = 1.0


class EndReason:
    """Gives calls that can no longer send on one connection the reason why."""

    def __init__(self, link: Link, writer: Writer, leading: LeaderFollower) -> None:
        self._link = link
        self._writer = writer
        self._leading = leading

    def is_awaited_locked(self) -> bool:
        """Return whether the connection has ended and the reason is not known yet."""
        link = self._link
        if link.end_error is not None:
            return False
        ended = link.connection.phase is states.ENDED_CONNECTION
        return ended or link.eof or self._writer.broken is not None

    def await_locked(self) -> None:
        """Wait a moment for the reason, if the connection has ended without one; otherwise return at once.

        Threads: any. The thread that reads does not wait: it is the one that learns the reason. The lock is
        held once, and let go meanwhile.
        """
        link = self._link
        reads = self._leading.leads_here or link.is_reactor_thread
        if not reads and self.is_awaited_locked():
            self._leading.wait_locked(lambda: link.finished, CLOCK.monotonic() + REASON_S, link.changed)

    def attempt_locked(self, action: Callable[[], T]) -> T:
        """Call the core, and turn its refusal into an OSError that gives the reason.

        Raises:
            OSError: The connection does not allow it, or has ended.
        """
        try:
            return action()
        except LocalProtocolError as error:
            self.await_locked()
            raise OSError(f"{CANNOT_SEND}{self._link.end_error or error}") from error

    def cannot_send(self, mailbox: Mailbox, reason: Exception | None) -> OSError:
        """Return the error for a send that failed; this may wait a moment for the reason."""
        with self._link.lock:
            if mailbox.state.sender.state is states.OPEN:
                self.await_locked()
            return self.cannot_send_locked(mailbox, reason)

    def cannot_send_locked(self, mailbox: Mailbox, reason: Exception | None) -> OSError:
        """Return the same with what is known now."""
        end_error = self._link.end_error
        if end_error is not None:
            why = str(end_error)
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
