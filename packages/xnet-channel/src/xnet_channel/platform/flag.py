"""Something that comes true once: a ``threading.Event`` that greenlets can wait for too."""

from __future__ import annotations

from xnet_channel.platform.native import CLOCK, RLock
from xnet_channel.platform.wait_list import WaitList


class Flag:
    """False until it is set, once and for all. Threads: any."""

    __slots__ = ("_lock", "_set", "_waiters")

    def __init__(self) -> None:
        self._lock = RLock()
        self._set = False
        self._waiters = WaitList()

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._set

    def set(self) -> None:
        """Set it, and wake all that wait."""
        with self._lock:
            self._set = True
            self._waiters.notify_all_locked()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is set, at most so many seconds; return whether it is."""
        deadline_s = None if timeout_s is None else CLOCK.monotonic() + timeout_s
        with self._lock:
            # No condition here, nor in other loops of this kind: at the end of a round of `while CONDITION`
            # Python 3.12 and newer let an interrupt out of the block, and the lock is held for ever.
            while True:
                if self._set:
                    return True
                left_s = None if deadline_s is None else deadline_s - CLOCK.monotonic()
                if left_s is not None and left_s <= 0:
                    return False
                self._waiters.wait_locked(self._lock, left_s)
