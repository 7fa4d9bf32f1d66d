"""Threads that wait for news under a session's lock: a condition variable without owner checks.

``threading.Condition`` does the same in three times the time, most of it for features not used.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Waking(Protocol):
        """Somebody who waits and is no thread."""

        def release(self) -> object:
            """Wake it. Under the session's lock; must not block."""


class WaitList:
    """Waiting threads, to be woken all together.

    Threads: all methods under the session's lock.
    """

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[threading.Lock | Waking] = []

    def wait_locked(self, lock: threading.RLock, timeout_s: float | None) -> None:
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
            # Asked, and asked twice: KeyboardInterrupt may come at any bytecode, also here.
            try:
                if not lock._is_owned():  # type: ignore[attr-defined]
                    lock.acquire()
            finally:
                if not lock._is_owned():  # type: ignore[attr-defined]
                    lock.acquire()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def add_locked(self, waiter: Waking) -> None:
        """Have ``waiter.release`` called, once, when there is news."""
        self._waiters.append(waiter)

    def discard_locked(self, waiter: Waking) -> None:
        """Forget a waiter that may be there."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def notify_all_locked(self) -> None:
        """Wake everybody."""
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                waiter.release()
