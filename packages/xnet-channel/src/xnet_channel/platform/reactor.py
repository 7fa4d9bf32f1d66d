"""One thread per process that waits for every descriptor no other thread waits for.

It serves sockets and pipes of all sessions, process handles, relayed output, and timers. It never
runs user code and never blocks on anything but its selector.
"""

from __future__ import annotations

import select
from collections import deque

from xnet_channel.platform import native
from xnet_channel.platform.interests import READ, WRITE
from xnet_channel.platform.tracebacks import tell_program
from xnet_channel.platform.waker import Waker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

#: What a descriptor is polled for, by what it is watched for. Either way errors and ends are told.
_POLLED: Final = {READ: select.POLLIN, WRITE: select.POLLOUT, READ | WRITE: select.POLLIN | select.POLLOUT}


class Timer:
    """One delayed call; ``cancel`` makes it never happen if it has not begun."""

    __slots__ = ("action", "deadline_s")

    def __init__(self, deadline_s: float, action: Callable[[], None]) -> None:
        self.deadline_s = deadline_s
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Forget the action."""
        self.action = None


class Reactor:
    """The thread and what it waits for. Use ``get_reactor``; there is one in each process.

    It stands on ``epoll`` or ``poll`` itself: loading ``selectors`` took each worker as long as all of this.

    Threads: all methods from any thread. ``call_soon`` also from finalisers: it takes no lock.
    Callbacks run on the reactor thread and must neither block nor raise.
    """

    def __init__(self) -> None:
        #: With epoll a change takes effect while the thread is waiting.
        self._live_changes = native.epoll is not None
        self._poller: Any = native.poll() if native.epoll is None else native.epoll()
        self._waker = Waker()
        self._lock = native.allocate_lock()
        self._watched: dict[int, tuple[int, Callable[[int], None]]] = {}
        self._soon: deque[Callable[[], None]] = deque()
        self._timers: list[Timer] = []  # the next one last
        self._started = False
        self._ident = 0
        self._poller.register(self._waker.fileno(), select.POLLIN)
        self._watched[self._waker.fileno()] = READ, self._drain_waker

    def watch(self, fd: int, events: int, callback: Callable[[int], None]) -> None:
        """Call ``callback(ready events)`` whenever the descriptor is ready, until ``unwatch``.

        Watching a watched descriptor changes its events and callback.
        """
        with self._lock:
            known = fd in self._watched
            (self._poller.modify if known else self._poller.register)(fd, _POLLED[events])
            self._watched[fd] = events, callback
        self._changed()

    def unwatch(self, fd: int) -> None:
        """Stop watching; a callback that has begun goes on. Unknown descriptors are ignored."""
        with self._lock:
            if self._watched.pop(fd, None) is None:
                return
            try:
                self._poller.unregister(fd)
            except OSError:
                pass  # it is closed already
        if not self._live_changes:
            self._waker.wake()

    def call_soon(self, action: Callable[[], None]) -> None:
        """Run the action on the reactor thread as soon as it can."""
        self._soon.append(action)
        self._waker.wake()
        if not self._started:
            self._start()

    def call_later(self, delay_s: float, action: Callable[[], None]) -> Timer:
        """Run the action on the reactor thread after at least ``delay_s`` seconds."""
        timer = Timer(native.CLOCK.monotonic() + delay_s, action)
        with self._lock:
            place = self._place_locked(timer.deadline_s)
            self._timers.insert(place, timer)
            first = place == len(self._timers) - 1
        if not self._started:
            self._start()
        elif first and not self.is_current_thread:
            self._waker.wake()
        return timer

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller runs on the reactor thread."""
        return native.get_ident() == self._ident

    def close_after_fork(self) -> None:
        """Give back the child's copies of the descriptors; the parent's are not touched."""
        self._waker.close()
        # Not unregistered first: the kernel's interest list is shared with the parent.
        if self._live_changes:
            self._poller.close()

    def _changed(self) -> None:
        if not self._started:
            self._start()
        elif not self._live_changes:
            self._waker.wake()

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                native.start_thread(self._run, (), "xnet-reactor", carries=True)

    def _drain_waker(self, events: int) -> None:
        self._waker.drain()

    def _run(self) -> None:
        self._ident = native.get_ident()
        while True:
            found = self._wait(self._timeout_s())
            for fd, events, watch in [(fd, events, self._watched.get(fd)) for fd, events in found]:
                # A callback before this one, or another thread, may have ended this watch: the descriptor may
                # be closed by now, or stand for something else.
                if watch is not None and self._watched.get(fd) is watch:
                    self._call(watch[1], watch[0] & _ready(events))
            for _ in range(len(self._soon)):  # not those that come meanwhile: timers have to run
                self._call(self._soon.popleft())
            self._run_timers()

    def _wait(self, timeout_s: float | None) -> list[tuple[int, int]]:
        """Return which descriptors are ready, and for what."""
        timeout = timeout_s
        if timeout_s is not None:
            # What is left of a millisecond may be rounded down, to a poll of nothing, again and again.
            timeout_ms = -(-timeout_s * 1000 // 1)
            timeout = timeout_ms / 1000 if self._live_changes else timeout_ms
        return self._poller.poll(timeout)  # type: ignore[no-any-return]

    def _timeout_s(self) -> float | None:
        if self._soon:
            return 0.0
        with self._lock:
            while self._timers and self._timers[-1].action is None:
                self._timers.pop()
            if not self._timers:
                return None
            return max(0.0, self._timers[-1].deadline_s - native.CLOCK.monotonic())

    def _place_locked(self, deadline_s: float) -> int:
        """Return where a timer belongs: before those that are due at the same time, so after them."""
        timers, low, high = self._timers, 0, len(self._timers)
        while low < high:
            middle = (low + high) // 2
            if timers[middle].deadline_s <= deadline_s:
                high = middle
            else:
                low = middle + 1
        return low

    def _run_timers(self) -> None:
        now_s = native.CLOCK.monotonic()
        while True:
            with self._lock:
                if not self._timers or self._timers[-1].deadline_s > now_s:
                    return
                action = self._timers.pop().action
            if action is not None:
                self._call(action)

    def _call(self, callback: Callable[..., None], *arguments: int) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - one callback must not take every gateway with it
            tell_program(error)


def _ready(found: int) -> int:
    """Return what a descriptor is ready for; with an error or an end for both."""
    return (READ if found & ~select.POLLOUT else 0) | (WRITE if found & ~select.POLLIN else 0)


_reactor: Reactor | None = None
_reactor_lock = native.allocate_lock()


def get_reactor() -> Reactor:
    """Return the reactor of this process, making it on first use."""
    global _reactor
    if _reactor is None:
        with _reactor_lock:
            if _reactor is None:
                _reactor = Reactor()
    return _reactor


def forget_reactor_after_fork() -> None:
    """Let go of the parent's reactor in a forked child; the child makes its own when it needs one."""
    global _reactor, _reactor_lock
    _reactor_lock = native.allocate_lock()
    if _reactor is not None:
        _reactor.close_after_fork()
        _reactor = None
