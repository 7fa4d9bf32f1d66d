"""What callbacks need where a greenlet runs them: a queue and a lock that let other greenlets run."""

from __future__ import annotations

from collections import deque

from xnet_channel.platform import greenlets
from xnet_channel.platform.native import RLock
from xnet_channel.platform.wait_list import WaitList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.mailbox import Callback

    #: A callback with how many items it is to take, 0 for the end of its channel; None for that of the queue.
    Entry = tuple[Callback, int] | None


class GreenletQueue:
    """A queue from any thread to one greenlet."""

    __slots__ = ("_entries", "_lock", "_waiters")

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._lock = RLock()
        self._waiters = WaitList()

    def put(self, entry: Entry) -> None:
        """Add an entry. Never blocks, never switches."""
        with self._lock:
            self._entries.append(entry)
            self._waiters.notify_all_locked()

    def get(self) -> Entry:
        """Wait for an entry and take it."""
        with self._lock:
            while True:  # and no condition: see Flag.wait
                if self._entries:
                    return self._entries.popleft()
                self._waiters.wait_locked(self._lock, None)


class Turn:
    """A lock that its owner, a greenlet or a thread, may take several times."""

    __slots__ = ("_depth", "_lock", "_owner", "_waiters")

    def __init__(self) -> None:
        self._lock = RLock()
        self._owner: int | None = None
        self._depth = 0
        self._waiters = WaitList()

    def __enter__(self) -> None:
        me = greenlets.ident()
        with self._lock:
            while True:  # and no condition: see Flag.wait
                if self._owner in (None, me):
                    break
                self._waiters.wait_locked(self._lock, None)
            self._owner = me
            self._depth += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._depth -= 1
            if not self._depth:
                self._owner = None
                self._waiters.notify_all_locked()

    def _is_owned(self) -> bool:
        """Return whether the caller has it; named as with ``threading.RLock``."""
        return self._owner == greenlets.ident()
