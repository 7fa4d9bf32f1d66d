"""Channels are closed, and who waits for that."""

from . import crediting, describing
from .errors import ClosedError, RemoteError, TimeoutError
from .protocol import CLOSED, OPEN
from .strings import as_text
from .takers import me


def close(channel, error=None):
    if channel._executing:
        raise ClosedError("the channel of remote_exec is closed when the execution ends, not explicitly")
    link = channel._link
    with link.guard:
        if channel._state.sending is not CLOSED:
            if isinstance(error, RemoteError):
                channel._state.errors.append(error)
            elif isinstance(error, BaseException):
                error = describing.tell_of(error, getattr(error, "__traceback__", None), as_text(error))
            elif error is not None:
                error = RemoteError(as_text(error))
            link.close_locked(channel._state, error)


def waitclose(channel, timeout=None):
    link = channel._link
    state = channel._state
    with link.guard:
        relieved = state.callback is None
        state.relief += relieved
        if relieved:
            crediting.return_credit_locked(link, state)
            link.flush_soon_locked()
        try:
            ended = link.wait_stalling_locked(state, lambda: has_ended(link, state), timeout)
        finally:
            state.relief -= relieved
        if not ended:
            raise TimeoutError("%r was not closed within %s s" % (channel, timeout))
        error = link.error_locked(state)
    if error is not None:
        raise error


def has_ended(link, state):
    if link.callbacks.thread == me():
        # A callback cannot wait for its own thread: what the wire says has to do.
        return state.receiving is not OPEN or link.ending
    return state.ended
