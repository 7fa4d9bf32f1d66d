"""What executed code finds as ``channel``."""

from . import awaiting, callbacks, channel_files, closing, crediting, sending
from .encoding import encode
from .errors import ClosedError, RemoteError, TimeoutError
from .interpreter import get_ident
from .interrupts import GREEN, check_stack
from .protocol import DATA, ITEM_COST, NO_ENDMARKER, OPEN, WINDOW
from .takers import green, taker


class Channel(object):
    """One of two ends between which items travel both ways; what executed code finds as ``channel``."""

    RemoteError = RemoteError
    TimeoutError = TimeoutError
    _executing = False

    def __init__(self, link, state):
        self._link = link
        self._state = state
        self.id = state.id

    def __repr__(self):
        return "<Channel id=%d %s>" % (self.id, "closed" if self.isclosed() else "open")

    @property
    def gateway(self):
        return self._link.owner

    # -- sending

    def send(self, item):
        """Send a copy of the item; wait while the other side takes no more.

        Raises: DumpError if it cannot be sent, OSError (IOError) if the channel or the connection is closed.
        """
        link = self._link
        state = self._state
        payload = encode(item, link.peer_limits["depth"])
        cost = len(payload) + ITEM_COST
        with link.quick_guard:
            if link.asked:
                link.stop_here_locked()
            if (
                state.credit >= cost
                and cost - ITEM_COST <= link.part_size
                and not state.reserved
                and state.sending is OPEN
                and not link.sealed
            ):
                # `write_locked` calls nothing that needs more of the stack than `green` and `queue` have found.
                at_once = green() is None and not link.writing and not link.watched
                if not at_once:
                    check_stack()
                link.queue(DATA, state.id, payload)
                state.credit -= cost
                if not at_once:
                    link.flush_locked()
                else:
                    link.write_locked()
                    if link.write_error is not None:
                        link.check_sendable_locked(state)
                return
            check_stack()
            sending.send_slowly_locked(link, state, payload)

    def send_many(self, items):
        """Send all items, in order, many in one frame."""
        sending.send_many(self, items)

    # -- receiving

    def receive(self, timeout=None):
        """Return the next item.

        Raises: TimeoutError, nothing came in ``timeout`` seconds; RemoteError, the other side failed (once);
        EOFError, no more items; OSError (IOError), there is a callback.
        """
        link = self._link
        state = self._state
        with link.quick_guard:
            if state.callback is not None:
                text = "cannot receive: %r has a callback that gets the items" % self
                raise ClosedError(text) if state.failed is None else link.error_locked(state)
            if link.asked:
                link.stop_here_locked()
            if state.last_taker.number != get_ident() or GREEN:
                state.last_taker = taker()
            if not state.items:
                check_stack()
                link.wait_for_item_locked(state, timeout)
            if not state.items:
                if state.callback is not None:
                    raise ClosedError("cannot receive: %r has got a callback that gets the items" % self)
                if not link.has_news(state):
                    raise TimeoutError("no item within %s s on %r" % (timeout, self))
                raise link.error_locked(state) or EOFError("%r: no more items, the channel has ended" % self)
            consumed, item = state.items[0]
            due = (consumed if len(state.items) > 1 else state.arrived) - state.granted >= WINDOW // 2
            if due:
                check_stack()
            state.items.popleft()
            state.consumed = consumed
            if due:
                crediting.return_credit_locked(link, state)
                link.flush_soon_locked()
            return item

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self.receive()
        except EOFError:
            if self._link.broken_off and self._state.receiving is OPEN:
                raise  # the connection broke: that is no regular end of the items
            raise StopIteration

    next = __next__

    def areceive(self, timeout=None):
        """Return an awaitable for the next item; cancelled, it loses none. Otherwise like ``receive``."""
        return awaiting.asynchronous("areceive")(self, timeout)

    def asend(self, item):
        """Return an awaitable that sends; cancelled while it waits, it may still send. Otherwise like ``send``."""
        return awaiting.asynchronous("asend")(self, item)

    def __aiter__(self):
        return self

    def __anext__(self):
        return awaiting.asynchronous("anext")(self)

    def setcallback(self, callback, endmarker=NO_ENDMARKER):
        """Have every item passed to the callback, and the endmarker, if given, when no more come."""
        callbacks.of(self._link).set(self._state, callback, endmarker)

    def makefile(self, mode="w", proxyclose=False):
        """Return a file-like object that writes or reads items of text or bytes."""
        return channel_files.make(self, mode, proxyclose)

    # -- the end

    def close(self, error=None):
        """Close the channel for both sides; with an error, the other side gets it as RemoteError."""
        closing.close(self, error)

    def isclosed(self):
        """Return whether nothing can be sent any more."""
        return self._state.sending is not OPEN or self._link.sealed

    def waitclose(self, timeout=None):
        """Wait until no more items come. Raises: RemoteError, EOFError (connection gone), TimeoutError."""
        closing.waitclose(self, timeout)

    def reconfigure(self, py2str_as_py3str=True, py3str_as_py2str=False):
        """Set how strings arrive on both ends of this channel, between Python 2 and 3."""
        sending.reconfigure(self._link, self._state, py2str_as_py3str, py3str_as_py2str)

    def _getremoteerror(self):
        with self._link.guard:
            return self._link.error_locked(self._state)
