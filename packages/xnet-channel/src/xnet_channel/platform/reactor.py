"""One thread per process that waits for every descriptor nobody else waits for.

It serves sockets and pipes of all sessions, process handles, relayed output, and timers. It never
runs user code and never blocks on anything but its selector.
"""

from __future__ import annotations

import heapq
from collections import deque

from xnet_channel.platform import native
from xnet_channel.platform.interests import READ
from xnet_channel.platform.tracebacks import tell_program
from xnet_channel.platform.waker import Waker

TYPE_CHECKING = False
if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable


class Timer:
    """One delayed call; ``cancel`` makes it never happen if it has not begun."""

    __slots__ = ("action", "deadline_s")

    def __init__(self, deadline_s: float, action: Callable[[], None]) -> None:
        self.deadline_s = deadline_s
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Forget the action."""
        self.action = None

    def __lt__(self, other: Timer) -> bool:
        return self.deadline_s < other.deadline_s


class Reactor:
    """The selector thread. Use ``get_reactor``; there is one in each process.

    Threads: all methods from any thread. ``call_soon`` also from finalisers: it takes no lock.
    Callbacks run on the reactor thread and must neither block nor raise.
    """

    def __init__(self) -> None:
        self._selector: selectors.BaseSelector = native.original("selectors", "DefaultSelector")()
        self._waker = Waker()
        self._lock = native.allocate_lock()
        self._soon: deque[Callable[[], None]] = deque()
        self._timers: list[Timer] = []
        self._started = False
        self._ident = 0
        # With epoll and kqueue a change takes effect while the thread is waiting.
        self._live_changes = type(self._selector).__name__ in ("EpollSelector", "KqueueSelector")
        self._selector.register(self._waker, READ, self._drain_waker)

    def watch(self, fd: int, events: int, callback: Callable[[int], None]) -> None:
        """Call ``callback(ready events)`` whenever the descriptor is ready, until ``unwatch``.

        Watching a watched descriptor changes its events and callback.
        """
        with self._lock:
            try:
                self._selector.register(fd, events, callback)
            except KeyError:
                self._selector.modify(fd, events, callback)
        self._changed()

    def unwatch(self, fd: int) -> None:
        """Stop watching; a callback that has begun goes on. Unknown descriptors are ignored."""
        with self._lock:
            try:
                self._selector.unregister(fd)
            except (KeyError, ValueError):
                return
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
            heapq.heappush(self._timers, timer)
            first = self._timers[0] is timer
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
        self._selector.close()

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
            ready = self._selector.select(self._timeout_s())
            for key, events in ready:
                if self._still_watched(key):
                    self._call(key.data, events)
            for _ in range(len(self._soon)):  # not those that come meanwhile: timers have to run
                self._call(self._soon.popleft())
            self._run_timers()

    def _still_watched(self, key: selectors.SelectorKey) -> bool:
        """Return whether no callback before this one, or other thread, has ended this watch.

        The descriptor may be closed by now, or stand for something else.
        """
        try:
            return self._selector.get_key(key.fd).data is key.data
        except KeyError:
            return False

    def _timeout_s(self) -> float | None:
        if self._soon:
            return 0.0
        with self._lock:
            while self._timers and self._timers[0].action is None:
                heapq.heappop(self._timers)
            if not self._timers:
                return None
            return max(0.0, self._timers[0].deadline_s - native.CLOCK.monotonic())

    def _run_timers(self) -> None:
        now_s = native.CLOCK.monotonic()
        while True:
            with self._lock:
                if not self._timers or self._timers[0].deadline_s > now_s:
                    return
                action = heapq.heappop(self._timers).action
            if action is not None:
                self._call(action)

    def _call(self, callback: Callable[..., None], *arguments: int) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - one callback must not take every gateway with it
            tell_program(error)


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
