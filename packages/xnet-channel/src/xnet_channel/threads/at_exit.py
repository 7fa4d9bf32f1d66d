"""What an ending interpreter still does: it waits for callbacks, and tells the errors that nobody has seen.

Registered when this is imported, which has to be before what ends the sessions is registered: handlers
run in the opposite order.
"""

from __future__ import annotations

import atexit
import sys

from xnet_channel.platform.native import CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

#: How long callbacks of sessions that have ended get to take what has come, in seconds.
CALLBACKS_S: Final = 1.0
#: How long a thread that tells errors already gets, in seconds.
TELLING_S: Final = 1.0

#: What tells errors: called with ``TELLING_S``. Empty until there can be any: a program that only imports us
#: loads none of that.
TELLERS: Final[list[Callable[[float], None]]] = []


def finish() -> None:
    """Wait for callbacks that are still to run: the interpreter would cut them off. Then tell the errors."""
    forking = sys.modules.get("xnet_channel.threads.forking")
    deadline_s = CLOCK.monotonic() + CALLBACKS_S
    for session in list(forking.sessions) if forking is not None else ():
        if session.finished:
            session.join_callbacks(max(0.0, deadline_s - CLOCK.monotonic()))
    for tell in TELLERS:
        tell(TELLING_S)


atexit.register(finish)
