"""Errors as what travels to the other side: text for people, and data for programs."""

from __future__ import annotations

from collections import deque

from xnet_channel.platform.tracebacks import format_traceback, name_of
from xnet_channel.threads.errors import INTERRUPT, INTERRUPT_TEXT, RemoteError
from xnet_wire.channel_errors import ERROR, ChannelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Final

    from xnet_wire.channel_errors import Frame

#: How many calls are listed at either end of a traceback.
MOST_FRAMES: Final = 50


def format_error(error: BaseException) -> str:
    """Return the traceback of an error as text.

    KeyboardInterrupt gives the short text that is not warned about.
    """
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPT_TEXT
    return format_traceback(error, error.__traceback__)


def describe_error(error: BaseException) -> ChannelError:
    """Return an error as what closes a channel.

    For KeyboardInterrupt that is ``INTERRUPT``, which is not warned about.
    """
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPT
    return as_data(error, error.__traceback__, format_error(error))


def describe_reason(reason: object) -> ChannelError:
    """Return what a program gives as the reason why it closes a channel: text, or an error."""
    text = str(reason)
    if isinstance(reason, RemoteError):
        return ChannelError(text, reason.code, reason.type, reason.message, reason.frames)
    if not isinstance(reason, BaseException):
        return ChannelError(text)
    return as_data(reason, reason.__traceback__, text)


def as_data(error: BaseException, trace: TracebackType | None, text: str) -> ChannelError:
    """Return an error as what closes a channel, whatever the code has made of its class.

    Args:
        error: The error.
        trace: Its calls, from the one to begin with.
        text: For people.
    """
    try:
        return ChannelError(text, ERROR, name_of(type(error)), str(error), _frames(trace))
    except BaseException:  # noqa: BLE001 - its __str__, or the class of its class
        return ChannelError(text, ERROR, None, None, _frames(trace))


def _frames(trace: TracebackType | None) -> list[Frame]:
    """Return where the calls are; of very many, the first and the last."""
    first: list[Frame] = []
    last: deque[Frame] = deque(maxlen=MOST_FRAMES)
    while trace is not None:
        code = trace.tb_frame.f_code
        frame = (code.co_filename, trace.tb_lineno or 0, code.co_name)
        if len(first) < MOST_FRAMES:
            first.append(frame)
        else:
            last.append(frame)
        trace = trace.tb_next
    return [*first, *last]
