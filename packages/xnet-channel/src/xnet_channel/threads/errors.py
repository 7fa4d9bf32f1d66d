"""What users of channels can catch.

* ``RemoteError``: the code on the other side failed; its traceback is the text.
* ``CallbackError``: a callback of this side failed; a RemoteError, as which execnet raises it.
* ``TimeoutError``: nothing came in time (also the builtin TimeoutError, and so an OSError).
* ``EOFError`` (builtin): the channel has ended, or the connection is gone; the text says which.
* ``OSError`` (builtin): sending is not possible (any more), or the call makes no sense now.
* ``xnet_wire.errors.DumpError``: the item is not of the types that can be sent.
"""

from __future__ import annotations

import builtins
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, TextIO

#: Text of the error with which an interrupted execution closes its channel. Nobody wants to be
#: warned about it: the interrupt itself was visible enough. (The text is execnet's.)
INTERRUPT_TEXT: Final = "keyboard-interrupted"
#: How the OSError of who cannot send begins.
CANNOT_SEND: Final = "cannot send (already closed?): "


class RemoteError(Exception):
    """The other side failed.

    Attributes:
        formatted: The remote traceback or message.
    """

    def __init__(self, formatted: str) -> None:
        super().__init__(formatted)
        self.formatted = formatted

    def __str__(self) -> str:
        return self.formatted

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.formatted}"

    def warn(self) -> None:
        """Write to stderr that nobody looked at this error."""
        if self.formatted != INTERRUPT_TEXT:
            write_to_stderr(f"[{os.getpid()}] Warning: a remote error that nobody received: {self!r}\n")


class CallbackError(RemoteError):
    """The callback of a channel failed, here.

    ``threading.excepthook`` was told of it when it happened; the traceback is part of the text. Programs for
    execnet catch it as what execnet raises.
    """


class WorkerEndingError(OSError):
    """A worker was asked to end, and what its code wants to send nobody takes any more. Spec: GR-011."""


class TimeoutError(builtins.TimeoutError):  # the name is execnet's
    """Nothing came within the given number of seconds."""


def write_to_stderr(text: str) -> None:
    """Write to ``sys.stderr``, or to the interpreter's own if the program's is gone or closed.

    Never raises for want of either: then nobody can be told.
    """
    if not _written(sys.stderr, text):
        _written(sys.__stderr__, text)


def _written(stream: TextIO | None, text: str) -> bool:
    try:
        stream.write(text)  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return False
    return True
