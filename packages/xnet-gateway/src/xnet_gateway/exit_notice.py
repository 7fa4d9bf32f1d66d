"""The end of a process, here or behind another gateway: waited for by threads, told to others once."""

from __future__ import annotations

from xnet_channel.platform.flag import Flag
from xnet_channel.platform.native import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class ExitNotice:
    """Whether one process has ended.

    Threads: any.
    """

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._told = Flag()
        self._actions: list[Callable[[], None]] = []

    @property
    def told(self) -> bool:
        """Whether it has ended."""
        return self._told.is_set()

    def wait(self, timeout_s: float | None) -> None:
        """Wait until it has ended, at most so long; None is as long as it takes."""
        self._told.wait(timeout_s)

    def when_told(self, action: Callable[[], None]) -> bool:
        """Have the thread that calls ``tell`` run the action; return False if it has been called."""
        with self._lock:
            if not self._told.is_set():
                self._actions.append(action)
                return True
        return False

    def tell(self) -> None:
        """Say that it has ended. What comes after the first time changes nothing."""
        with self._lock:
            if self._told.is_set():
                return
            self._told.set()
            actions, self._actions = self._actions, []
        for action in actions:
            action()
