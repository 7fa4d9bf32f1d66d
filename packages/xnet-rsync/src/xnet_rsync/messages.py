"""What is said between sender and receiver, as bytes and lists. Spec: 67-rsync.md."""

from __future__ import annotations

import struct

from xnet_rsync.compression import compress
from xnet_rsync.entries import LINK
from xnet_rsync.errors import ProtocolError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xnet_rsync.entries import Entry

#: Spec: RS-001.
VERSION: Final = 1
#: What a receiver needs of a file. Spec: RS-025.
WHOLE: Final = 1
CHUNKS: Final = 2
#: Forms of content. Spec: RS-041, RS-042.
PACK: Final = 1
DATA: Final = 2
#: Flags of DATA.
FIRST: Final = 1
LAST: Final = 2
#: Flags of a group in a table. Spec: RS-021.
MORE: Final = 1
INCOMPLETE: Final = 2
#: Most records in one message, lists and records that wait for an answer. Spec: RS-052.
MOST_RECORDS_AT_ONCE: Final = 65_536
MOST_LISTS: Final = 16
MOST_RECORDS: Final = 262_144
#: Spec: RS-008.
LONGEST_PROBLEM: Final = 4096
#: Most bytes of paths in one message, and of one path. Spec: RS-071.
MOST_PATHS_BYTES: Final = 65_536
LONGEST_PATH_BYTES: Final = 1_048_576

_PACK_HEAD: Final = struct.Struct(">BBII")
_DATA_HEAD: Final = struct.Struct(">BBBIQI")


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


def owners(numbers: Sequence[int], of: Sequence[tuple[int, int]]) -> list[object]:
    """Return the message that says whose entries with setuid and setgid bits are. Spec: RS-028."""
    columns = (numbers, [user for user, _ in of], [group for _, group in of])
    return ["owners", *[struct.pack(f">{len(column)}I", *column) for column in columns]]


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


def is_stored(content: bytes) -> bool:
    """Return whether the body of content is not compressed."""
    return content[1] == 0


def encode_records(lengths: Sequence[int], marks: bytes | bytearray) -> bytes:
    """Encode a piece of a list of chunks."""
    return struct.pack(f">I{len(lengths)}I", len(lengths), *lengths) + marks


def decode_numbers(data: object, most: int) -> tuple[int, ...]:
    """Decode a list of numbers.

    Args:
        data: As it came.
        most: How many there can be: it is looked at before memory is spent on them.

    Raises:
        ProtocolError: It is not such a list.
    """
    if not isinstance(data, bytes) or len(data) % 4:
        raise ProtocolError(f"expected bytes, four for each number, got {shown(data)}")
    if len(data) > 4 * most:
        raise ProtocolError(f"the receiver said {len(data) // 4} numbers where at most {most} are possible")
    return struct.unpack(f">{len(data) // 4}I", data)


def decode_needs(numbers: object, kinds: object, most: int) -> list[tuple[int, int]]:
    """Decode which entries are needed, and how.

    Args:
        numbers: As they came.
        kinds: As they came, one for each.
        most: How many there can be.

    Raises:
        ProtocolError: It is something else.
    """
    decoded = decode_numbers(numbers, most)
    if not isinstance(kinds, bytes) or len(kinds) != len(decoded):
        raise ProtocolError(f"expected a byte for each of {len(decoded)} entries, got {shown(kinds)}")
    return list(zip(decoded, kinds, strict=True))


def decode_paths(data: object) -> list[bytes]:
    """Decode paths that are joined by a byte 0. Spec: RS-071.

    Raises:
        ProtocolError: They are not paths.
    """
    if not isinstance(data, bytes) or len(data) > (MOST_PATHS_BYTES if b"\0" in data else LONGEST_PATH_BYTES):
        raise ProtocolError(f"the receiver removed {shown(data)}")
    paths = data.split(b"\0")
    if b"" in paths:
        raise ProtocolError("the receiver removed something without a name")
    return paths


def decode_ranges(data: object, count: int) -> list[tuple[int, int]]:
    """Decode which chunks are wanted: first and number of each range, ascending. Spec: RS-053.

    Args:
        data: As it came.
        count: How many records the list has.

    Raises:
        ProtocolError: It is something else, or about records that do not exist.
    """
    numbers = decode_numbers(data, 2 * count)
    if len(numbers) % 2:
        raise ProtocolError(f"the receiver wants chunks from {numbers[-1]}, and does not say how many")
    ranges = list(zip(numbers[::2], numbers[1::2], strict=True))
    behind = 0
    for first, number in ranges:
        if first < behind or not number or first + number > count:
            raise ProtocolError(f"the receiver wants {number} chunks from {first} of {count}")
        behind = first + number
    return ranges
