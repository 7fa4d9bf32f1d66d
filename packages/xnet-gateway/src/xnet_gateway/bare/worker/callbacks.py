"""The thread that runs callbacks."""

from . import crediting, execmodel, greenlets
from .describing import tell_of
from .errors import INTERRUPT, ClosedError, warn
from .interpreter import PY2, RLock, deque, start_new_thread, sys
from .protocol import NO_ENDMARKER
from .sleeping import wake_all
from .takers import green, me


def of(link):
    """Return the callbacks of a connection; the first time they are made."""
    with link.guard:
        if not isinstance(link.callbacks, Callbacks):
            link.callbacks = Callbacks(link)
        return link.callbacks


class Callbacks(object):
    """Runs callbacks, one at a time, in the order in which their items arrived.

    count   channels that have a callback and have not ended
    thread  number of the thread, once there is one
    """

    def __init__(self, link):
        self.link = link
        self.count = 0
        self.thread = None
        self._started = False
        self._queue = deque()  # (channel, count of items; 0 for its end)
        self._sleepers = []
        self._turn = None
        self.busy = False

    def turn(self):
        """Return the lock that is held while a callback runs; the first callback makes it."""
        if self._turn is None:
            hub = green()
            own = hub is None and not PY2  # code may have replaced the one of `threading`
            self._turn = RLock() if own else execmodel.ExecModel("thread" if hub is None else hub.name).RLock()
            if hub is not None:
                self._started = True
                hub.library.spawn(self.run)
        return self._turn

    def set(self, state, callback, endmarker):
        link = self.link
        with self.turn():
            with link.guard:
                if state.callback is not None:
                    raise ClosedError("channel %d has a callback already" % state.id)
                state.callback = callback
                state.endmarker = endmarker
                ended, state.ended = state.ended, False
                self.count += 1
                waiting = len(state.items)
                link.notify_locked(state.sleepers)
            try:
                for _ in range(waiting):
                    self.deliver(state)
            finally:
                if ended:
                    self.deliver_end(state)
        if not ended:
            link.wake_keeper()

    def push_locked(self, state, count):
        self._queue.append((state, count))
        self.busy = True
        if not self._started:
            self._started = True
            start_new_thread(self.run, ())
        wake_all(self._sleepers)

    def run(self):
        self.thread = me()
        link = self.link
        turn = self.turn()
        while True:
            with link.quick_guard:
                while not self._queue:
                    self.busy = False
                    hub = green()
                    link.sleep_locked(self._sleepers, None, hub and greenlets.GreenSleeper(hub))
                state, count = self._queue.popleft()
            try:
                with turn:
                    for _ in range(count):
                        self.deliver(state)
                    if not count:
                        self.deliver_end(state)
            except KeyboardInterrupt:
                tell_excepthook()  # raised by the callback: signals go to the main thread
            del state  # while this thread sleeps, it must not keep a dropped channel's callback alive

    def deliver(self, state):
        """Give the oldest item to the callback; one that raises closes the channel, and is told of (CH-037)."""
        link = self.link
        if not state.items:
            return
        try:
            state.callback(state.items[0][1])
        except BaseException as error:
            self.failed(state, error)
            return
        with link.quick_guard:  # `set` has a place for this on the stack
            if state.items:
                # Credit goes back when the callback is done with the item.
                state.consumed = state.items.popleft()[0]
                crediting.return_credit_locked(link, state)
                link.flush_soon_locked()

    def deliver_end(self, state):
        link = self.link
        with link.guard:
            endmarker, state.endmarker = state.endmarker, NO_ENDMARKER
        try:
            if endmarker is not NO_ENDMARKER:
                state.callback(endmarker)
        except BaseException as error:
            self.failed(state, error)
        finally:
            with link.guard:
                if not state.ended:
                    state.ended = True
                    self.count -= 1
                    if state.user is None or state.user() is None:
                        link.close_locked(state, None)  # nothing more can happen on it (CH-052)
                    link.notify_locked(state.sleepers)

    def failed(self, state, error):
        interrupted = isinstance(error, KeyboardInterrupt)
        why = INTERRUPT if interrupted else tell_of(error, sys.exc_info()[2])
        with self.link.guard:
            state.failed = why
            state.items.clear()
            self.link.close_locked(state, why)
        if interrupted:
            raise error  # in the main thread, which has come here by `setcallback`, it was Ctrl-C
        tell_excepthook()


def tell_excepthook():
    """Tell ``threading.excepthook``, or before Python 3.8 ``sys.excepthook``, of the error that is being handled."""
    kind, error, trace = sys.exc_info()
    if kind is SystemExit:
        # Which the hook takes for the regular end of a thread and keeps to itself.
        kind, error = RuntimeError, RuntimeError("sys.exit(%s) in a callback: the process goes on" % (error,))
    try:
        threading = sys.modules.get("threading")
        if hasattr(threading, "excepthook"):
            # Without a thread: this one is hidden from `threading`.
            threading.excepthook(threading.ExceptHookArgs((kind, error, trace, None)))
        else:
            sys.excepthook(kind, error, trace)
    except BaseException as failure:
        warn("Warning: a callback failed, and so did the hook that was told of it: %r, %r" % (error, failure))
