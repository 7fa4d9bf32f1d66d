"""What a forked child does with the connections of its parent: it lets go of them.

The child has copies of all descriptors. Kept open they would hide the parent's end from the other
side; used they would mix two programs' frames. So each session is ended in the child, and its
copies closed; the parent's connection is not touched. Locks may have been held by threads that do
not exist in the child: they are replaced.
"""

from __future__ import annotations

import os
import sys
import weakref

from xnet_channel.core.errors import ProtocolError
from xnet_channel.platform.interrupts import main_thread_changed_after_fork
from xnet_channel.platform.native import RLock
from xnet_channel.platform.standby import STANDBY
from xnet_channel.platform.wait_list import WaitList
from xnet_channel.threads.unseen import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.session import Session

sessions: weakref.WeakSet[Session] = weakref.WeakSet()


def remember_session(session: Session) -> None:
    """Have the session closed in forked children."""
    sessions.add(session)


def _in_child() -> None:
    main_thread_changed_after_fork()
    reactor = sys.modules.get("xnet_channel.platform.reactor")
    if reactor is not None:
        reactor.forget_reactor_after_fork()
    STANDBY.forget_after_fork()
    UNSEEN.forget_after_fork()
    for session in list(sessions):
        _leave_to_parent(session)
    sessions.clear()


def _leave_to_parent(session: Session) -> None:
    """Give back the child's copies of the descriptors; what was queued is the parent's to write."""
    session.lock = RLock()
    session.finished = True
    session.broken_off = True  # who iterates over items hears of it
    session.end_error = EOFError(f"{session.name}: this connection belongs to the parent process")
    session.connection.fail(ProtocolError(str(session.end_error)))
    session.leading.eof = True
    session.changed = WaitList()
    session.callbacks.forget_after_fork()
    session.writer.forget()
    for state in session.connection.table.open.values():
        mailbox: Mailbox | None = state.shell  # type: ignore[assignment]
        if mailbox is not None:
            mailbox.end_after_fork()
    session.close_fds_locked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
