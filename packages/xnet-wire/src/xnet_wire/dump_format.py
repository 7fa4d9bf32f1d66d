"""execnet's dump format, version 2: ``dump``, ``dumps``, ``load``, ``loads``.

For data that execnet programs keep on disk; the wire of this protocol uses CBOR (``values``).
What is written equals what execnet 2.1 writes, byte for byte. Four things are better than there:
ints below -2**31 and scalars of numpy can be dumped, damaged data never ends in anything but the
documented errors, and a list in it cannot claim memory that it has no bytes for.
"""

from __future__ import annotations

from io import BytesIO

from xnet_wire.dump_opcodes import DUMPFORMAT_VERSION, opcode
from xnet_wire.dump_reading import Unserializer
from xnet_wire.dump_writing import _Serializer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from xnet_wire.dump_reading import Readable

    Buffer = bytes | bytearray | memoryview

    class Writable(Protocol):
        """What a dump is written to."""

        def write(self, data: bytes, /) -> object:
            """Take all of ``data``."""


__all__ = [
    "DUMPFORMAT_VERSION",
    "Unserializer",
    "_Serializer",
    "dump",
    "dumps",
    "load",
    "loads",
    "opcode",
]


def dumps(obj: object) -> bytes:
    """Return the dump of an object.

    Args:
        obj: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset,
            nested freely. Exact types, subclasses that are named like their base, as in execnet,
            and scalars of numpy; other subclasses are refused.

    Raises:
        DumpError: Our caller's object holds something else; the message names it and the path.

    Threads: any.
    """
    return _Serializer().dump(obj, versioned=True)


def dump(byteio: Writable, obj: object) -> None:
    """Write the dump of an object to a binary stream, in one piece.

    Args:
        byteio: Has ``write(bytes)``.
        obj: As for ``dumps``.

    Raises:
        DumpError: As for ``dumps``; nothing was written then.

    Threads: the caller serialises the use of the stream.
    """
    byteio.write(dumps(obj))


def loads(bytestring: Buffer, py2str_as_py3str: bool = False, py3str_as_py2str: bool = False) -> Any:
    """Return the object of a dump. Bytes that follow the dump are not looked at.

    Args:
        bytestring: What ``dumps`` returned, here or in execnet under Python 2 or 3.
        py2str_as_py3str: Load a Python 2 ``str`` as str (Latin-1) instead of bytes.
        py3str_as_py2str: Load a Python 3 ``str`` as bytes (UTF-8) instead of str.

    Raises:
        LoadError: The data is damaged, or of another version of the format.
        EOFError: The data ends inside the dump.

    Threads: any.
    """
    return load(BytesIO(bytestring), py2str_as_py3str, py3str_as_py2str)


def load(io: Readable, py2str_as_py3str: bool = False, py3str_as_py2str: bool = False) -> Any:
    """Read one dump from a binary stream, exactly to its end, and return its object.

    Args:
        io: Has ``read(size)``.
        py2str_as_py3str: As for ``loads``.
        py3str_as_py2str: As for ``loads``.

    Raises:
        LoadError: As for ``loads``.
        EOFError: The stream ended inside the dump.

    Threads: the caller serialises the use of the stream.
    """
    strconfig = (py2str_as_py3str, py3str_as_py2str)
    return Unserializer(io, strconfig=strconfig).load(versioned=True)
