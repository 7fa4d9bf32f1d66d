"""Waiting for the reason of an end: who cannot send any more hears it, however soon after the end.

A write fails, or the end of the stream is read, some milliseconds before the handle of the process says how
it has ended; the session is finished with these words. What is called meanwhile waits for them.
"""

from __future__ import annotations

from xnet_channel.core import states
from xnet_channel.platform.native import CLOCK, get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.threads.session import Session

#: How long to wait at most, in seconds. A gateway waits less for its process.
REASON_S: Final = 1.0


def is_broken(session: Session) -> bool:
    """Return whether the connection has ended, and the reason is not known yet."""
    if session.end_error is not None:
        return False
    ended = session.connection.phase is states.ENDED_CONNECTION
    return ended or session.leading.eof or session.writer.broken is not None


def await_reason_locked(session: Session) -> None:
    """Wait a moment for the end of a session whose connection is broken; returns at once with others.

    Threads: any. The thread that reads, which would have to bring it about, does not wait. The lock is held
    once, and let go meanwhile.
    """
    reactor = session._reactor
    reads = session.leading._leading == get_ident() or (reactor is not None and reactor.is_current_thread)
    if not reads and is_broken(session):
        session.leading.wait_locked(lambda: session.finished, CLOCK.monotonic() + REASON_S, session.changed)
