"""What is needed of eventlet; see ``greenlets``."""

from __future__ import annotations

import warnings
from collections import deque

from greenlet import getcurrent

from xnet_channel.platform import native
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_channel.platform.waker import Waker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

with warnings.catch_warnings():
    # That it is not developed any more is for the program to know, which has chosen it.
    warnings.simplefilter("ignore")
    import eventlet
    from eventlet import hubs


class Eventlet:
    """The ``Library``. Threads: any."""

    name = "eventlet"

    def __init__(self) -> None:
        self._bells: dict[int, Bell] = {}

    def runs_here(self) -> bool:
        """Return whether this thread has a hub and is not in it."""
        hub = getattr(hubs._threadlocal, "hub", None)
        return hub is not None and getcurrent() is not hub.greenlet

    def begin_here(self) -> None:
        """Make this thread's hub."""
        # The greenlet that first imports this counts as the main thread, for whose end a patched interpreter
        # waits when it ends.
        OWN_IMPORTS.module("eventlet.green.threading")
        hubs.get_hub()

    def ident(self) -> int:
        """Return a number for the current greenlet."""
        return id(getcurrent())

    def current(self) -> Any:
        """Return the current greenlet."""
        return getcurrent()

    def interrupt(self, greenlet: Any) -> None:
        """Raise KeyboardInterrupt in another greenlet of this thread, which has begun."""
        eventlet.kill(greenlet, KeyboardInterrupt)

    def make_waiter(self) -> EventletWaiter:
        """Return a new wait of the current greenlet."""
        hub = hubs.get_hub()
        bell = self._bells.get(native.get_ident())
        if bell is None or bell.hub is not hub:
            bell = self._bells[native.get_ident()] = Bell(hub)
        return EventletWaiter(bell)

    def spawn(self, target: Callable[..., object], *args: Any) -> Any:
        """Have a new greenlet of this thread run the function."""
        return eventlet.spawn(target, *args)


class Bell:
    """Wakes greenlets of one hub from other threads, which eventlet has no means for.

    A greenlet of its own waits for a descriptor; whoever wakes another one puts it into the queue and makes
    the descriptor readable.

    Threads: ``ring`` from any; the rest in the thread of the hub.
    """

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self._waker = Waker()
        self._rung: deque[EventletWaiter] = deque()
        eventlet.spawn(self._listen)

    def ring(self, waiter: EventletWaiter) -> None:
        """Have the waiter woken by the hub."""
        self._rung.append(waiter)
        self._waker.wake()

    def _listen(self) -> None:
        try:
            while True:
                hubs.trampoline(self._waker.fileno(), read=True)
                self._waker.drain()
                while self._rung:
                    self._rung.popleft().switch()
        except KeyboardInterrupt:
            eventlet.spawn(self._listen)  # it strikes whatever runs, and is meant for the main greenlet
            raise


class EventletWaiter:
    """One wait; see ``greenlets.Waiter``. Made by the greenlet that will wait."""

    __slots__ = ("_bell", "_greenlet", "_woken")

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._greenlet: Any = None
        self._woken = False

    def acquire(self, blocking: bool, timeout: float) -> None:
        """Let other greenlets run until released, or for some seconds (-1: without limit)."""
        if self._woken:
            return
        hub = self._bell.hub
        timer = hub.schedule_call_global(timeout, self.switch) if timeout >= 0 else None
        self._greenlet = getcurrent()
        try:
            hub.switch()
        finally:
            self._greenlet = None
            if timer is not None:
                timer.cancel()

    def release(self) -> None:
        """Wake the greenlet."""
        self._bell.ring(self)

    def close(self) -> None:
        """Nothing has to be given back."""

    def switch(self) -> None:
        """Let the greenlet run as soon as the hub can. In the thread of the hub."""
        self._woken = True
        if self._greenlet is not None:
            self._bell.hub.schedule_call_global(0, self._switch)

    def _switch(self) -> None:
        if self._greenlet is not None:  # something else may have ended its wait meanwhile
            self._greenlet.switch()
