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

from xnet_channel.threads.interrupts import main_thread_changed_after_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.session import Session

_sessions: weakref.WeakSet[Session] = weakref.WeakSet()


def remember_session(session: Session) -> None:
    """Have the session closed in forked children."""
    _sessions.add(session)


def _in_child() -> None:
    main_thread_changed_after_fork()
    reactor = sys.modules.get("xnet_channel.threads.reactor")
    if reactor is not None:
        reactor.forget_reactor_after_fork()
    for session in list(_sessions):
        session.close_after_fork()
    _sessions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
