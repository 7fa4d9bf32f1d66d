"""The opcodes of execnet's dump format, version 2.

They are pinned: data written with them lies on disks. A dump is a program for a small stack
machine: scalars push themselves, containers take from the stack, ``STOP`` ends it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: First byte of a dump.
DUMPFORMAT_VERSION: Final = b"\x02"

#: Every length, count and index is a signed 32-bit number; so is ``INT``.
MAX_INT4: Final = 2**31 - 1
MIN_INT4: Final = -(2**31)


class opcode:  # noqa: N801 - the name by which programs know it
    """One byte for each operation, by name."""

    BUILDTUPLE = b"@"
    BYTES = b"A"
    CHANNEL = b"B"
    FALSE = b"C"
    FLOAT = b"D"
    FROZENSET = b"E"
    INT = b"F"
    LONG = b"G"
    LONGINT = b"H"
    LONGLONG = b"I"
    NEWDICT = b"J"
    NEWLIST = b"K"
    NONE = b"L"
    PY2STRING = b"M"
    PY3STRING = b"N"
    SET = b"O"
    SETITEM = b"P"
    STOP = b"Q"
    TRUE = b"R"
    UNICODE = b"S"
    COMPLEX = b"T"
