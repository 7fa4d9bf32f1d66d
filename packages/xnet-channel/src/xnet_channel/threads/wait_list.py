"""Threads that wait for news under a session's lock.

Not ``threading.Condition``: its ``wait`` cannot cope with a lock whose release may raise, and ours
does, when it lets a held-back KeyboardInterrupt go.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.session_lock import SessionLock


class WaitList:
    """Waiting threads, to be woken all together.

    Threads: all methods under the session's lock.
    """

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[threading.Lock] = []

    def wait_locked(self, lock: SessionLock, timeout_s: float | None) -> None:
        """Let go of the lock, sleep until notified or the timeout, take the lock again.

        It may return for no reason: the caller looks again at what it waits for.
        """
        waiter = threading.Lock()
        waiter.acquire()
        self._waiters.append(waiter)
        try:
            lock.release()
            waiter.acquire(True, -1 if timeout_s is None else min(timeout_s, threading.TIMEOUT_MAX))
        finally:
            lock.acquire()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def notify_all_locked(self) -> None:
        """Wake everybody."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.release()
