"""What can go wrong between values and bytes, by whose fault.

* ``DataFormatError``: base of what the dump functions raise; the names are execnet's.

  * ``DumpError``: our caller's item holds something that cannot be sent or dumped.
  * ``LoadError``: the bytes to load are damaged.

* ``WireError``: the peer broke a rule of the protocol; ``.code`` is the number for GOAWAY.

  * ``FrameError``: in the framing itself; nothing after it can be trusted.
  * ``ValueFormatError``: in the CBOR of an item (also a ``LoadError``).
"""

from __future__ import annotations

from xnet_wire import codes

TYPE_CHECKING = False


class DataFormatError(Exception):
    """Base of the errors of dumping and loading; itself raised for a wrong format version."""


class DumpError(DataFormatError):
    """An item cannot be turned into bytes; the message names the type and the path to it."""


class LoadError(DataFormatError):
    """Bytes cannot be turned into an item."""


class WireError(Exception):
    """The peer sent something that the protocol does not allow.

    Args:
        code: Error code of the registry, see ``xnet_wire.codes``.
        message: A sentence: what was wrong, what was expected, where.
    """

    code: int = codes.INTERNAL_ERROR

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[WireError], tuple[int, str]]:
        """Pickle with both arguments, which ``Exception`` alone would not keep."""
        return type(self), (self.code, str(self))


class ReferenceRefused(Exception):
    """Base of what is raised for a reference to one channel more than the decoder accepts."""


class FrameError(WireError):
    """The byte stream cannot be cut into frames any further.

    Attributes:
        frames: Complete frames that came before the fault in the same ``feed()``. They are part
            of the stream: how the transport happened to split it must not decide their fate.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.frames: list[tuple[int, int, bytes | bytearray]] = []


class ValueFormatError(WireError, LoadError):
    """The CBOR of an item is malformed, or holds something outside the closed set of values.

    Attributes:
        code: Always VALUE_MALFORMED.
    """

    code = codes.VALUE_MALFORMED

    # Made from the message alone, by a constructor without a Python frame: it must still work
    # when the item was refused because the Python stack is used up.
    if TYPE_CHECKING:

        def __init__(self, message: str) -> None: ...

    else:
        __init__ = Exception.__init__

    def __reduce__(self) -> tuple[type[WireError], tuple[str]]:  # type: ignore[override]
        """Pickle with the one argument of this class."""
        return type(self), (str(self),)
