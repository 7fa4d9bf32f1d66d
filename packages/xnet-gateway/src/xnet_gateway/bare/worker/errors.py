"""What can be caught, and by whom."""

from .interpreter import OS, PY2, BaseTimeout, native, sys
from .protocol import INTERRUPT_TEXT


class Broken(Exception):
    """The initiator broke a rule of the protocol (or this worker cannot go on): the connection ends."""

    def __init__(self, code, text):
        Exception.__init__(self, code, text)
        self.code = code
        self.text = text


class Malformed(Exception):
    """Bytes that are no value."""


class RemoteError(Exception):
    """The other side closed the channel with an error, or is told of one: the map of CHANNEL_CLOSE_ERROR (CH-041).

    ``formatted`` is its text, ``code`` a word that programs compare, the others are None or empty if they are not known.
    """

    def __init__(self, formatted, code="error", type=None, message=None, frames=()):
        Exception.__init__(self, formatted)
        self.formatted = formatted
        self.code, self.type, self.message, self.frames = code, type, message, frames

    def __str__(self):
        return native(self.formatted)

    def __repr__(self):
        return "%s: %s" % (type(self).__name__, native(self.formatted))


INTERRUPT = RemoteError(INTERRUPT_TEXT, "interrupted")
CANCELLED = RemoteError("cancelled", "cancelled")


class CallbackError(RemoteError):
    """The callback of a channel failed, here; ``threading.excepthook`` was told of it when it happened."""


class TimeoutError(BaseTimeout):
    """Nothing came in time."""


class DataFormatError(Exception):
    """What ``dumps`` and ``loads`` of execnet may raise."""


class DumpError(DataFormatError):
    """The item cannot be sent, or dumped."""


if PY2:

    class ClosedError(IOError, OSError):
        """Nothing can be sent (any more); programs catch either."""

else:
    ClosedError = OSError

CANNOT_SEND = "cannot send (already closed?): "


class WorkerEnding(ClosedError):
    """This worker was asked to end, and what its code wants to send nobody takes any more (GR-011)."""


class Refused(Exception):
    """Raised inside of the encoder. ``conversion`` then looks whether something stands for a value (VA-012), and
    ``explaining`` for the place and the words if nothing does."""


def warn(text):
    for stream in sys.stderr, sys.__stderr__:
        try:
            stream.write("[%d] %s\n" % (OS.getpid(), native(text)))
            return
        except Exception:
            pass  # there is none, or it is closed
