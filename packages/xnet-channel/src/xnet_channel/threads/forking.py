"""What a forked child does with the connections of its parent: it lets go of them.

The child has copies of all descriptors. Kept open they would hide the parent's end from the other
side; used they would mix two programs' frames. So each session is ended in the child, and its
copies closed; the parent's connection is not touched. Locks may have been held by threads that do
not exist in the child: they are replaced.
"""

from __future__ import annotations

import os
import sys
from _weakrefset import WeakSet  # `weakref` would load much more

from xnet_channel.platform.interrupts import main_thread_changed_after_fork
from xnet_channel.platform.standby import STANDBY
from xnet_channel.threads.unseen import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Session(Protocol):
        """What is to be let go of."""

        @property
        def finished(self) -> bool:
            """Whether it has ended."""

        def leave_to_parent(self) -> None:
            """End in the child, and close its copies of the descriptors."""

        def join_callbacks(self, timeout_s: float) -> None:
            """Wait for the callbacks that are still to run."""


sessions: WeakSet[Session] = WeakSet()


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
        session.leave_to_parent()
    sessions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
