"""What is needed of gevent; see ``greenlets``."""

from __future__ import annotations

import gevent
from gevent.hub import Waiter, _get_hub, get_hub
from greenlet import getcurrent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Gevent:
    """The ``Library``. Threads: any."""

    name = "gevent"

    def runs_here(self) -> bool:
        """Return whether this thread has a hub and is not in it."""
        hub = _get_hub()
        return hub is not None and getcurrent() is not hub

    def begin_here(self) -> None:
        """Make this thread's hub."""
        get_hub()

    def ident(self) -> int:
        """Return a number for the current greenlet."""
        return id(getcurrent())

    def current(self) -> Any:
        """Return the current greenlet."""
        return getcurrent()

    def interrupt(self, greenlet: Any) -> None:
        """Raise KeyboardInterrupt in another greenlet of this thread, which has begun."""
        greenlet.kill(KeyboardInterrupt, block=False)

    def make_waiter(self) -> GeventWaiter:
        """Return a new wait of the current greenlet."""
        return GeventWaiter()

    def spawn(self, target: Callable[..., object], *args: Any) -> Any:
        """Have a new greenlet of this thread run the function."""
        return gevent.spawn(target, *args)


class GeventWaiter:
    """One wait; see ``greenlets.Waiter``. Made by the greenlet that will wait."""

    __slots__ = ("_waiter", "_watcher")

    def __init__(self) -> None:
        hub = get_hub()
        self._waiter = Waiter(hub)
        self._watcher = hub.loop.async_()
        # Already now: a wake-up that comes before the wait is kept.
        self._watcher.start(self._waiter.switch, None)

    def acquire(self, blocking: bool, timeout: float) -> None:
        """Let other greenlets run until released, or for some seconds (-1: without limit)."""
        timer = None
        if timeout >= 0:
            timer = self._waiter.hub.loop.timer(timeout)
            timer.start(self._waiter.switch, None, update=True)
        try:
            self._waiter.get()
        finally:
            if timer is not None:
                timer.stop()
                timer.close()

    def release(self) -> None:
        """Wake the greenlet."""
        self._watcher.send()

    def close(self) -> None:
        """Give back what belongs to the loop."""
        self._watcher.stop()
        self._watcher.close()
