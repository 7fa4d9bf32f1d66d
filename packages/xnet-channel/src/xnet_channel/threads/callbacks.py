"""The thread that runs callbacks: one per session, made for the first callback.

execnet calls it the receiver thread: one callback at a time per gateway, items in the order in
which they arrived. Here it does not read: a slow callback holds up other callbacks of its gateway,
but neither ``receive()`` nor other gateways.

Where the program uses greenlets it is no thread but a greenlet, so that callbacks may do what other
greenlets may do.
"""

from __future__ import annotations

# Not from `queue`, where it may have been replaced; and not later, when it may not be found any more.
from _queue import SimpleQueue

from xnet_channel.platform import greenlets
from xnet_channel.platform.flag import Flag
from xnet_channel.platform.interrupts import InterruptsHeld
from xnet_channel.platform.native import RLock, get_ident, main_thread_ident, patched_by, start_thread
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_channel.platform.tracebacks import tell_excepthook
from xnet_channel.threads.mailbox import NO_ENDMARKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Any

    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.greenlet_callbacks import GreenletQueue, Turn
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.session import Session

    Queue = SimpleQueue[tuple[Mailbox, int] | None] | GreenletQueue


class CallbackThread:
    """Runs the callbacks of one session.

    Attributes:
        turn: Held while a callback runs. ``setcallback`` holds it too while it delivers items
            that were there before, so that one-at-a-time and order hold for them as well.
    """

    __slots__ = ("_ended", "_queue", "_session", "turn")  # see `Session.__slots__`

    def __init__(self, session: Session) -> None:
        self._session = session
        # (mailbox, count of items); count 0 is the end of the channel; None ends the thread.
        # It holds no items, and its length is bounded by theirs, which credit bounds.
        self._queue: Queue | None = None
        self._ended = Flag()
        self.turn: threading.RLock | Turn = RLock()

    def begin(self) -> None:
        """Decide where callbacks run, if no callback has decided it yet: who sets the first one.

        A thread that has greenlets gets a greenlet that runs them; so does the main thread, which is where
        they will be if the program uses any. Where only another part of the program uses them, a thread runs
        them: whoever waits for what a callback does would keep a greenlet from running.
        """
        here = greenlets.run_here()
        library = greenlets.library
        if library is None or not (patched_by() or self._session.owner.has_greenlets()):
            return
        with self._session.lock:
            if self._queue is None and (here or get_ident() == main_thread_ident()):
                with OWN_IMPORTS:
                    from xnet_channel.threads.greenlet_callbacks import GreenletQueue, Turn

                library.begin_here()
                self.turn = Turn()
                self._queue = GreenletQueue()
                library.spawn(self._run, self._queue)

    def push(self, mailbox: Mailbox, count: int) -> None:
        """Have the callback take ``count`` items of the mailbox, or (0) see its end."""
        if self._queue is None:
            self._queue = self._start()
        self._queue.put((mailbox, count))

    def stop(self) -> None:
        """Let the thread end when it has done what is queued."""
        if self._queue is not None:
            self._queue.put(None)

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller is a callback of this session, run by this thread or by ``setcallback``."""
        return bool(self.turn._is_owned())  # type: ignore[union-attr]

    def join(self, timeout_s: float | None) -> None:
        """Wait until the callbacks that are queued have run, if the thread is stopping."""
        if self._queue is not None and not self.is_current_thread:
            self._ended.wait(timeout_s)

    def forget_after_fork(self) -> None:
        """Free the turn, which may have been taken by a thread that a forked child does not have."""
        self.turn = type(self.turn)()

    def _start(self) -> SimpleQueue[tuple[Mailbox, int] | None]:
        queue: SimpleQueue[tuple[Mailbox, int] | None] = SimpleQueue()
        start_thread(self._run, (queue,), f"xnet-callbacks-{self._session.name}", carries=True)
        return queue

    def _run(self, queue: Queue) -> None:
        while (entry := queue.get()) is not None:
            mailbox, count = entry
            try:
                if count:
                    for _ in range(count):
                        with self.turn:
                            deliver_one(mailbox)
                else:
                    with self.turn:
                        deliver_end(mailbox)
            except KeyboardInterrupt as error:
                tell_excepthook(error)  # raised by the callback: signals go to the main thread
        self._ended.set()


def set_callback(channel: Channel, callback: Callable[[Any], object], endmarker: object) -> None:
    """See ``Channel.setcallback``."""
    mailbox = channel._mailbox
    session = mailbox.session
    session.callbacks.begin()
    with session.callbacks.turn:
        with session.lock:
            if mailbox.callback is not None:
                raise OSError(f"{channel!r} has a callback already")
            mailbox.callback = callback
            mailbox.endmarker = endmarker
            already_ended = mailbox.ended
            mailbox.ended = False
            session.has_callbacks += 1
            waiting = len(mailbox.state.receiver.items)
            # A thread that was waiting in receive() must not wait for ever.
            session.tell_locked(mailbox)
        try:
            for _ in range(waiting):
                deliver_one(mailbox)
        finally:
            if already_ended:
                deliver_end(mailbox)
    with session.lock:
        session.leading.lent_in_need_locked()


def deliver_one(mailbox: Mailbox) -> bool:
    """Give the mailbox's oldest item to its callback.

    A callback that raises closes the channel; the peer gets the traceback, ``threading.excepthook`` is told,
    and ``waitclose`` raises. Spec: CH-037.

    Returns:
        Whether there was an item and the callback took it.

    Raises:
        KeyboardInterrupt: Ctrl-C while the callback ran in the main thread. The channel is closed.

    Threads: callback thread or ``setcallback``, with ``turn`` and without the session's lock.
    """
    session = mailbox.session
    callback = mailbox.callback
    receiver = mailbox.state.receiver
    try:
        with InterruptsHeld(), session.lock:
            if callback is None or not receiver.items:
                return False
            # It counts as taken when the callback is called with it. Spec: FC-014.
            item = session.connection.take(mailbox.state)
            session.writer.flush_soon_locked()
        callback(item)
    except KeyboardInterrupt as error:
        session.callback_failed(mailbox, error)
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the thread serves other channels
        session.callback_failed(mailbox, error)
        tell_excepthook(error)
        return False
    return True


def deliver_end(mailbox: Mailbox) -> None:
    """Give the endmarker to the callback, once, and say that the channel has ended.

    Also to a callback that has failed: it says that no more items come, for which programs wait. That not all
    of them were taken is told before.
    """
    with mailbox.session.lock:
        if mailbox.ended:
            return  # LAST_MESSAGE and CLOSE may both have come before this ran
        endmarker, mailbox.endmarker = mailbox.endmarker, NO_ENDMARKER
        callback = mailbox.callback
    try:
        if endmarker is not NO_ENDMARKER and callback is not None:
            callback(endmarker)
    except KeyboardInterrupt as error:
        mailbox.session.callback_failed(mailbox, error)
        raise
    except BaseException as error:  # noqa: BLE001 - as above
        mailbox.session.callback_failed(mailbox, error)
        tell_excepthook(error)
    finally:
        with mailbox.session.lock:
            mailbox.ended = True
            mailbox.session.has_callbacks -= 1
            mailbox.session.mailbox_ended_locked(mailbox)
