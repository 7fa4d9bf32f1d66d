"""What users of channels can catch.

* ``RemoteError``: the code on the other side failed; its traceback is the text, its ``code`` says how.
* ``CallbackError``: a callback of this side failed; a RemoteError, as which execnet raises it.
* ``TimeoutError``: nothing came in time (also the builtin TimeoutError, and so an OSError).
* ``EOFError`` (builtin): the channel has ended, or the connection is gone; the text says which.

  * ``NeverBegunError``: the worker was gone before it looked at the request; it may be sent elsewhere.

* ``OSError`` (builtin): sending is not possible (any more), or the call makes no sense now.
* ``xnet_wire.errors.DumpError``: the item is not of the types that can be sent.
"""

from __future__ import annotations

import builtins
import os
import sys

from xnet_wire.channel_errors import CANCELLED, ERROR, INTERRUPTED, ChannelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final, TextIO

    from xnet_wire.channel_errors import Frame

#: Text of the error with which an interrupted execution closes its channel. It needs no
#: warning: the interrupt itself was visible enough. (The text is execnet's.)
INTERRUPT_TEXT: Final = "keyboard-interrupted"
#: How the OSError of a send that is not possible begins.
CANNOT_SEND: Final = "cannot send (already closed?): "
#: An interrupt as data: it ends an execution, and is not warned about.
INTERRUPT: Final = ChannelError(INTERRUPT_TEXT, INTERRUPTED)
#: The same of an execution that was cancelled.
CANCEL: Final = ChannelError(CANCELLED, CANCELLED)


class RemoteError(Exception):
    """The other side failed.

    Attributes:
        formatted: The remote traceback or message: all that is known, for people.
        code: What happened: ``"error"`` (the code, or the callback, failed), ``"interrupted"``,
            ``"cancelled"``; or nothing was begun, because the worker was ``"busy"`` with its only execution,
            is ``"terminating"``, or has nothing that could do it: ``"refused"``; or ``"limit"``, more than
            the receiver takes. A word that is not among these means ``"error"``.
        type: Class of the exception there, with its module unless that is builtin; None if it is not known.
        message: What the exception says; None if it is not known.
        frames: File, line (0: not known) and function of each call, outermost first; of many, not those in
            the middle.
    """

    def __init__(
        self,
        formatted: str,
        *,
        code: str = ERROR,
        type: str | None = None,
        message: str | None = None,
        frames: Sequence[Frame] = (),
    ) -> None:
        super().__init__(formatted)
        self.formatted = formatted
        self.code = code
        self.type = type
        self.message = message
        self.frames = tuple(frames)

    def __str__(self) -> str:
        return self.formatted

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}: {self.formatted}"

    def warn(self) -> None:
        """Write to stderr that this error was not looked at."""
        if self.code not in (INTERRUPTED, CANCELLED):
            write_to_stderr(f"[{os.getpid()}] Warning: a remote error that nobody received: {self!r}\n")


class CallbackError(RemoteError):
    """The callback of a channel failed, here.

    ``threading.excepthook`` was told of it when it happened; the traceback is part of the text. Programs for
    execnet catch it as what execnet raises.
    """


def remote_error(error: ChannelError) -> RemoteError:
    """Return what users see of the error with which the other side closed a channel."""
    return RemoteError(error.text, **_data_of(error))


def callback_error(error: ChannelError, channel_id: int) -> CallbackError:
    """Return what users see of the error with which the callback of a channel failed."""
    return CallbackError(f"the callback of channel {channel_id} failed: {error.text}", **_data_of(error))


def _data_of(error: ChannelError) -> dict[str, Any]:
    return {"code": error.code, "type": error.type, "message": error.message, "frames": error.frames}


class NeverBegunError(EOFError):
    """The worker ended the connection before it looked at what opened this channel.

    Nothing of the request was done, so it may be sent to another worker without risk that it is done twice.
    Any other EOFError says nothing about that. Spec: ER-008, GR-022.
    """


class WorkerEndingError(OSError):
    """A worker was asked to end, and the initiator takes no more of what its code sends. Spec: GR-011."""


class TimeoutError(builtins.TimeoutError):  # the name is execnet's
    """Nothing came within the given number of seconds."""


def write_to_stderr(text: str) -> None:
    """Write to ``sys.stderr``, or to the interpreter's own if the program's is gone or closed.

    Never raises for want of either: then the text is lost.
    """
    if not _written(sys.stderr, text):
        _written(sys.__stderr__, text)


def _written(stream: TextIO | None, text: str) -> bool:
    try:
        stream.write(text)  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return False
    return True
