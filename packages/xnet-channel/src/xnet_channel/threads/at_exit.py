"""What an ending interpreter still does: it waits for callbacks, and reports errors that were not seen.

Registered when this is imported, which has to be before the handler that ends the sessions is registered:
handlers run in the opposite order.
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
#: How long a thread that is already reporting errors gets, in seconds.
TELLING_S: Final = 1.0

#: What reports errors: called with ``TELLING_S``. Empty until there can be any: a program that only imports
#: us loads none of that.
TELLERS: Final[list[Callable[[float], None]]] = []


def finish() -> None:
    """Wait for callbacks that have yet to run: the interpreter would cut them off. Then report errors."""
    forking = sys.modules.get("xnet_channel.threads.forking")
    deadline_s = CLOCK.monotonic() + CALLBACKS_S
    for session in list(forking.sessions) if forking is not None else ():
        if session.finished:
            session.join_callbacks(max(0.0, deadline_s - CLOCK.monotonic()))
    for tell in TELLERS:
        tell(TELLING_S)


atexit.register(finish)
