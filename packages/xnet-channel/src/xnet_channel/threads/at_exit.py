"""What an ending interpreter still does for its sessions: it waits a moment for callbacks.

Registered when this is imported, which has to be before what ends the sessions is registered: handlers
run in the opposite order.
"""

from __future__ import annotations

import atexit
import sys

from xnet_channel.threads.native import CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: How long callbacks of sessions that have ended get to take what has come, in seconds.
CALLBACKS_S: Final = 1.0


def finish() -> None:
    """Wait for the callbacks that are still to run: the interpreter would cut them off, errors included."""
    forking = sys.modules.get("xnet_channel.threads.forking")
    deadline_s = CLOCK.monotonic() + CALLBACKS_S
    for session in list(forking.sessions) if forking is not None else ():
        if session.finished:
            session.callbacks.join(max(0.0, deadline_s - CLOCK.monotonic()))


atexit.register(finish)
