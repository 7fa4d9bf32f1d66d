"""Whether a thread that waits has enough stack left to read for all threads.

RecursionError comes at any call. One in the middle of reading would lose what was read, for all channels of
the gateway, because of one caller whose stack is nearly used up. So a thread with little room leaves reading
to the reactor, which has its own stack, and one with next to none is refused before anything has changed.
"""

from __future__ import annotations

from sys import _getframe, getrecursionlimit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Calls that reading and what comes of it may nest, an error report with its imports included.
READ_CALLS: Final = 300
#: Calls that giving the reading to the reactor may nest, its import and start included.
FOLLOW_CALLS: Final = 60


def may_read() -> bool:
    """Return whether this thread may read for all; if not, it may wait for the one that does.

    Raises:
        RecursionError: Not even that.

    Threads: any.
    """
    limit = getrecursionlimit()
    # Asks whether a frame is there that is so many calls up, which is far quicker than counting them.
    try:
        _getframe(limit - (READ_CALLS if limit >= 2 * READ_CALLS else limit // 2))
    except ValueError:
        return True
    try:
        _getframe(limit - (FOLLOW_CALLS if limit >= 4 * FOLLOW_CALLS else limit // 4))
    except ValueError:
        return False
    raise RecursionError(
        f"maximum recursion depth exceeded: too few calls are left of {limit} to wait for the other side"
    )
