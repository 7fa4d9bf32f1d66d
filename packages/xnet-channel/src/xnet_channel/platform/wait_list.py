"""Threads that wait for news under a session's lock: a condition variable without owner checks.

``threading.Condition`` does the same in three times the time, most of it for features not used. Where the
program uses greenlets, it is the greenlet that waits.
"""

from __future__ import annotations

import threading

from xnet_channel.platform import greenlets
from xnet_channel.platform.native import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Protocol

    from xnet_channel.platform.greenlets import Waiter

    class Waking(Protocol):
        """A waiter that is not a thread."""

        def release(self) -> object:
            """Wake it. Under the session's lock; must not block."""


#: The error of a wait in the middle of a change, which others would see half done.
IN_A_CHANGE: Final = (
    "cannot wait here: this thread is in the middle of a change to the same connection, as a signal handler"
    " may be; leave the wait to another thread"
)


class WaitList:
    """Waiting threads, or greenlets, to be woken all together.

    Threads: all methods under the session's lock.
    """

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[threading.Lock | Waiter | Waking] = []

    def wait_locked(self, lock: threading.RLock, timeout_s: float | None) -> None:
        """Let go of the lock, sleep until notified or the timeout, take the lock again.

        It may return for no reason: the caller looks again at what it waits for.

        Raises:
            RuntimeError: The lock is held more than once: a change that needs it is not finished.
        """
        green: Waiter | None = None
        waiter: threading.Lock | Waiter
        if greenlets.run_here() and greenlets.library is not None:
            waiter = green = greenlets.library.make_waiter()
        else:
            waiter = allocate_lock()
            waiter.acquire(True, -1)
        self._waiters.append(waiter)
        try:
            lock.release()
            if lock._is_owned():  # type: ignore[attr-defined]
                lock.acquire()
                raise RuntimeError(IN_A_CHANGE)
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
            if green is not None:
                green.close()

    def add_locked(self, waiter: Waking) -> None:
        """Have ``waiter.release`` called, once, when there is news."""
        self._waiters.append(waiter)

    def discard_locked(self, waiter: Waking) -> None:
        """Forget a waiter that may be there."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def notify_all_locked(self) -> None:
        """Wake all."""
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                waiter.release()
