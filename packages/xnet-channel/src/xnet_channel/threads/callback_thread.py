"""The thread that runs callbacks: one per connection, made for the first callback.

execnet calls it the receiver thread: one callback at a time per gateway, items in the order in
which they arrived. Here it does not read: a slow callback holds up other callbacks of its gateway,
but neither ``receive()`` nor other gateways.

In a program that uses greenlets it is a greenlet, not a thread, so that callbacks may do what other
greenlets may do.
"""

from __future__ import annotations

# Not from `queue`, where it may have been replaced; and not later, when it may not be found any more.
from _queue import SimpleQueue

from xnet_channel.platform import greenlets
from xnet_channel.platform.flag import Flag
from xnet_channel.platform.native import RLock, get_ident, main_thread_ident, patched_by, start_thread
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_channel.platform.tracebacks import tell_excepthook

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from xnet_channel.threads.greenlet_callbacks import Entry, GreenletQueue, Turn
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Callback

    Queue = SimpleQueue[Entry] | GreenletQueue


class CallbackThread:
    """Runs the callbacks of one connection.

    Attributes:
        turn: Held while a callback runs. ``setcallback`` holds it too while it delivers items
            that were there before, so that one-at-a-time and order hold for them as well.
    """

    __slots__ = ("_ended", "_has_greenlets", "_link", "_queue", "turn")  # see `Link.__slots__`

    def __init__(self, link: Link, has_greenlets: Callable[[], bool]) -> None:
        """Make no thread yet.

        Args:
            link: The connection.
            has_greenlets: See ``SessionOwner.has_greenlets``.
        """
        self._link = link
        self._has_greenlets = has_greenlets
        # (callback, count of items); count 0 is the end of the channel; None ends the thread.
        # It holds no items, and its length is bounded by theirs, which credit bounds.
        self._queue: Queue | None = None
        self._ended = Flag()
        self.turn: threading.RLock | Turn = RLock()

    def begin(self) -> None:
        """Decide where callbacks run, unless an earlier callback has: by the thread that sets the first one.

        A thread that has greenlets gets a greenlet that runs them; so does the main thread, which is where
        they will be if the program uses any. Where only another part of the program uses them, a thread runs
        them: a thread that waits for what a callback does would keep a greenlet from running.
        """
        here = greenlets.run_here()
        library = greenlets.library
        if library is None or not (patched_by() or self._has_greenlets()):
            return
        with self._link.lock:
            if self._queue is None and (here or get_ident() == main_thread_ident()):
                with OWN_IMPORTS:
                    from xnet_channel.threads.greenlet_callbacks import GreenletQueue, Turn

                library.begin_here()
                self.turn = Turn()
                self._queue = GreenletQueue()
                library.spawn(self._run, self._queue)

    def push_locked(self, callback: Callback, count: int) -> None:
        """Have the callback take ``count`` items of its mailbox, or (0) see the end."""
        if self._queue is None:
            self._queue = self._start()
        self._queue.put((callback, count))

    def stop_locked(self) -> None:
        """Let the thread end when it has worked off the queue."""
        if self._queue is not None:
            self._queue.put(None)

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller is a callback of this connection, run by this thread or by ``setcallback``."""
        return bool(self.turn._is_owned())  # type: ignore[union-attr]

    def join(self, timeout_s: float | None) -> None:
        """Wait until the callbacks that are queued have run, if the thread is stopping."""
        if self._queue is not None and not self.is_current_thread:
            self._ended.wait(timeout_s)

    def forget_after_fork(self) -> None:
        """Free the turn, which may have been taken by a thread that a forked child does not have."""
        self.turn = type(self.turn)()

    def _start(self) -> SimpleQueue[Entry]:
        queue: SimpleQueue[Entry] = SimpleQueue()
        start_thread(self._run, (queue,), f"xnet-callbacks-{self._link.name}", carries=True)
        return queue

    def _run(self, queue: Queue) -> None:
        while (entry := queue.get()) is not None:
            callback, count = entry
            try:
                if count:
                    for _ in range(count):
                        with self.turn:
                            callback.deliver_one()
                else:
                    with self.turn:
                        callback.deliver_end()
            except KeyboardInterrupt as error:
                tell_excepthook(error)  # raised by the callback: signals go to the main thread
        self._ended.set()
