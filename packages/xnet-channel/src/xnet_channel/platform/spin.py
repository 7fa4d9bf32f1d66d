"""A short bounded spin before blocking, where a core is to spare.

Waking a sleeping thread on another core costs tens of microseconds, often more than the other
side needs to answer. So a thread that leads first looks for a moment whether the answer is here
already. The moment is halved whenever it was spent in vain, so that a program whose answers take
long soon stops spending it, and restored when spinning would have helped.
"""

from __future__ import annotations

from xnet_channel.platform.native import CLOCK, OS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Poll = Callable[[float | None], list[tuple[int, int]]]

#: Longest spin, in seconds: about what a wake-up on another core costs.
MAX_SPIN_S: Final = 50e-6
#: Below this a spin is not worth its clock calls.
MIN_SPIN_S: Final = 2e-6
#: Once given up, spinning is tried again every so many waits.
RETRY_WAITS: Final = 64


class Spin:
    """Decides for one session how long to look before blocking.

    Threads: the leading one.
    """

    __slots__ = ("_spin_s", "_waits")

    def __init__(self) -> None:
        self._spin_s = self.longest_s()
        self._waits = 0

    def poll(self, look: Poll, timeout_ms: float | None) -> list[tuple[int, int]]:
        """Poll, first without blocking for a moment, then for as long as allowed.

        Args:
            look: Polls.
            timeout_ms: How long at most, None for as long as it takes.
        """
        if self._spin_s:
            until_s = CLOCK.perf_counter() + self._spin_s
            while True:
                found = look(0)
                if found:
                    self._spin_s = MAX_SPIN_S
                    return found
                if CLOCK.perf_counter() >= until_s:
                    break
            self._spin_s = self._spin_s / 2 if self._spin_s > MIN_SPIN_S else 0.0
        else:
            self._waits += 1
            if self._waits == RETRY_WAITS:
                self._waits = 0
                self._spin_s = self.longest_s()
        return look(timeout_ms)

    @staticmethod
    def longest_s() -> float:
        """Return how long to spin: not at all where the other side needs our processor to answer."""
        if hasattr(OS, "sched_getaffinity"):
            cores = len(OS.sched_getaffinity(0))
        else:
            cores = OS.cpu_count() or 1
        return MAX_SPIN_S if cores > 1 else 0.0
