"""How the time that a worker is given to end is divided. Spec: GR-001, GR-013."""

from __future__ import annotations

from xnet_wire.limits import TERMINATE_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: What is kept for what the worker still has to say, in seconds; less where there is little time.
LAST_WORDS_S: Final = 1.0
#: How long code may go on after it was interrupted, in seconds; not more than it had before.
INTERRUPT_S: Final = 10.0


def times_to_end_ms(timeout_s: float | None) -> tuple[int | None, int | None]:
    """Return what to tell a worker that must have ended in this many seconds.

    Args:
        timeout_s: When it is ended by force, from now; None if that is never done.

    Returns:
        How long executions may go on, and how long after they were interrupted, in milliseconds: together
        less than the time there is. None for the protocol's default.
    """
    if timeout_s is None:
        return None, None
    left_s = min(max(0.0, timeout_s), TERMINATE_MS / 1000)
    left_s -= min(LAST_WORDS_S, left_s / 10)
    interrupt_s = min(INTERRUPT_S, left_s / 2)
    return int((left_s - interrupt_s) * 1000), int(interrupt_s * 1000)
