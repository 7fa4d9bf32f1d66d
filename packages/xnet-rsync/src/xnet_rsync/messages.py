"""What is said between sender and receiver, as bytes and lists. Spec: 67-rsync.md."""

from __future__ import annotations

import struct
import zlib

from xnet_rsync.entries import LINK
from xnet_rsync.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xnet_rsync.entries import Entry

#: Spec: RS-001.
VERSION: Final = 1
#: What a receiver needs of a file. Spec: RS-025.
WHOLE: Final = 1
#: Kinds of content. Spec: RS-040.
PACK: Final = 1
DATA: Final = 2
#: Flags of DATA.
FIRST: Final = 1
LAST: Final = 2
#: Flags of a group in a table.
MORE: Final = 1
INCOMPLETE: Final = 2
#: How bodies are compressed. Spec: RS-014.
STORED: Final = 0
ZLIB: Final = 1
#: Quick, and nearly as small as slower ones.
ZLIB_LEVEL: Final = 1
#: Where most of the gain is lost on what does not compress, in bytes.
WORTH_COMPRESSING_BYTES: Final = 256

_PACK_HEAD: Final = struct.Struct(">BBII")
_DATA_HEAD: Final = struct.Struct(">BBBIQI")


def compress(body: bytes, method: int) -> tuple[int, bytes]:
    """Return how the body is compressed, and it; not at all if that gains nothing."""
    if method == ZLIB and len(body) >= WORTH_COMPRESSING_BYTES:
        packed = zlib.compress(body, ZLIB_LEVEL)
        if len(packed) < len(body):
            return ZLIB, packed
    return STORED, body


def encode_table(groups: Sequence[tuple[int, int, int]], entries: Sequence[Entry]) -> bytes:
    """Encode a table of the index. Spec: RS-021.

    Args:
        groups: Number of a directory, how many of the entries are in it, flags.
        entries: All of them.
    """
    count = len(entries)
    names = b"\0".join([entry.name for entry in entries])
    heads = [number for group in groups for number in group]
    return b"".join(
        (
            struct.pack(f">II{len(heads)}I", count, len(groups), *heads),
            bytes([entry.kind for entry in entries]),
            struct.pack(f">{count}H", *[entry.mode for entry in entries]),
            struct.pack(f">{count}Q", *[entry.size for entry in entries]),
            struct.pack(f">{count}q", *[entry.mtime_ns for entry in entries]),
            struct.pack(">I", len(names)),
            names,
            b"\0".join([entry.text for entry in entries if entry.kind >= LINK]),
        )
    )


def encode_pack(files: Sequence[tuple[int, bytes]], method: int) -> bytes:
    """Encode whole small files. Spec: RS-041."""
    heads = [number for number_, data in files for number in (number_, len(data))]
    body = b"".join((struct.pack(f">{len(heads)}I", *heads), *[data for _, data in files]))
    compression, packed = compress(body, method)
    return _PACK_HEAD.pack(PACK, compression, len(body), len(files)) + packed


def encode_data(number: int, flags: int, offset: int, body: bytes, method: int) -> bytes:
    """Encode a piece of a file. Spec: RS-042."""
    compression, packed = compress(body, method)
    return _DATA_HEAD.pack(DATA, compression, flags, number, offset, len(body)) + packed


def decode_numbers(data: object) -> tuple[int, ...]:
    """Decode a list of numbers of entries.

    Raises:
        ProtocolError: It is none.
    """
    if not isinstance(data, bytes) or len(data) % 4:
        raise ProtocolError(f"expected bytes, four for each number, got {data!r:.100}")
    return struct.unpack(f">{len(data) // 4}I", data)
