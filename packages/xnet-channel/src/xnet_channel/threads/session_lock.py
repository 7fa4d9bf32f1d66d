"""The lock of a session, which also keeps Ctrl-C out of what it protects.

A waiting main thread reads and dispatches for everybody (see ``leading``), and it writes what it
sends. KeyboardInterrupt is raised between any two bytecodes of the main thread; in the middle of
such work it would lose frames that were read but not delivered, or cut one in two on the wire. So
while the main thread holds this lock SIGINT is only noted, and raised when the lock is released.
Nothing blocks under the lock, so Ctrl-C is never late.

Handlers of other signals that raise are not held back: there is no cheap way to do it for all.
"""

from __future__ import annotations

import threading

# The module `signal` wraps these two in enum conversions that cost ten times the call itself,
# twice for every message of a main thread. Both names exist in CPython and PyPy.
from _signal import getsignal, signal
from signal import SIGINT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Final

_SIGINT: Final = int(SIGINT)
_get_ident = threading.get_ident


class SessionLock:
    """A reentrant lock that holds SIGINT back in the main thread."""

    __slots__ = ("_caught", "_depth", "_lock", "_main_ident", "_previous")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._main_ident = threading.main_thread().ident
        self._depth = 0  # of the main thread's holds; only the main thread touches it
        self._previous: object = None
        self._caught: object = None

    def __enter__(self) -> None:
        if _get_ident() == self._main_ident:
            self._hold()
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()
        if _get_ident() == self._main_ident:
            self._release_held()

    def acquire(self) -> None:
        """Take the lock."""
        self.__enter__()

    def release(self) -> None:
        """Let go of the lock. A KeyboardInterrupt that was held back is raised after that."""
        self.__exit__()

    def _hold(self) -> None:
        self._depth += 1
        if self._depth == 1:
            previous = getsignal(_SIGINT)
            if callable(previous):
                self._previous = previous
                signal(_SIGINT, self._note)

    def _release_held(self) -> None:
        self._depth -= 1
        if self._depth or self._previous is None:
            return
        previous, self._previous = self._previous, None
        signal(_SIGINT, previous)  # type: ignore[arg-type]  # what getsignal returned
        if self._caught is not None:
            frame, self._caught = self._caught, None
            previous(_SIGINT, None if frame is True else frame)  # type: ignore[operator]

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self._caught = True if frame is None else frame


