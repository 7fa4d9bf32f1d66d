"""What the sender of a tree says, in bytes: tables of the index, content, lists of chunks. Spec: RS-021."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What an entry is called in cases -> kind, permissions, whether it has a text.
KINDS: Final = {"dir": (1, 0o755), "file": (2, 0o644), "link": (3, 0o777), "tree_link": (4, 0o777)}
#: A time that every file system keeps, in nanoseconds since 1970.
SOME_TIME: Final = 1_600_000_000_000_000_000
#: Level -> least, usual, marker, bits, weak bits. Spec: RS-050.
LEVELS: Final = {0: (256, 1280, b"\1\0\3\0", 2, 4), 1: (1024, 2048, b"\1\0\3\0", 2, 4)}
_WEAK_MARKER: Final = b"\1\0\3"
_WINDOW: Final = 32


def table_of(groups: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a table of the index.

    Args:
        groups: ``{dir: 0, flags: 0, entries: [{file: name, size: n}, {dir: name}, {link: name, to: text}]}``;
            ``times`` is how often a name follows itself, ``mode`` and ``time`` have defaults, ``kind``
            replaces the one that the first key says, and ``count`` the number of entries that the group
            says it has.
    """
    entries = [entry for group in groups for entry in group.get("entries", ())]
    heads = b"".join(
        struct.pack(
            ">III", group["dir"], group.get("count", len(group.get("entries", ()))), group.get("flags", 0)
        )
        for group in groups
    )
    rows = [_row(entry) for entry in entries]
    names = b"\0".join(row[0] for row in rows)
    return b"".join(
        [
            struct.pack(">II", len(entries), len(groups)),
            heads,
            bytes(row[1] for row in rows),
            *(struct.pack(">H", row[2]) for row in rows),
            *(struct.pack(">Q", row[3]) for row in rows),
            *(struct.pack(">q", row[4]) for row in rows),
            struct.pack(">I", len(names)),
            names,
            b"\0".join(entry["to"].encode() for entry in entries if "to" in entry),
        ]
    )


def _row(entry: Mapping[str, Any]) -> tuple[bytes, int, int, int, int]:
    key = next((key for key in KINDS if key in entry), None)
    if key is None:
        raise CaseError(f"the entry {dict(entry)!r} has none of the keys {', '.join(KINDS)}")
    kind, mode = KINDS[key]
    return (
        entry[key].encode() * entry.get("times", 1),
        entry.get("kind", kind),
        entry.get("mode", mode),
        entry.get("size", 0),
        entry.get("time", SOME_TIME),
    )


def compressed(data: bytes, how: int) -> bytes:
    """Return data in a compression; in one that nobody has named it stays as it is."""
    return zlib.compress(data) if how == 1 else data


def pack_of(files: Mapping[int, bytes], how: int, said: int | None) -> bytes:
    """Return content with whole files. Args: said: The size of the body, if another than it has."""
    heads = b"".join(struct.pack(">II", number, len(data)) for number, data in files.items())
    body = heads + b"".join(files.values())
    size = len(body) if said is None else said
    return struct.pack(">BBII", 1, how, size, len(files)) + compressed(body, how)


def data_of(entry: int, offset: int, flags: int, data: bytes, how: int) -> bytes:
    """Return content with a piece of one file."""
    return struct.pack(">BBBIQI", 2, how, flags, entry, offset, len(data)) + compressed(data, how)


def cut(data: bytes, level: int) -> list[bytes]:
    """Return the chunks of a range. Spec: RS-050."""
    least, usual, marker, bits, weak_bits = LEVELS[level]
    chunks = []
    while data:
        most = min(4 * usual, len(data))
        numbers = range(least, most + 1)
        first = next((at for at in numbers if _is_cut(data, at, marker, bits)), None)
        if first is None:
            first = next((at for at in numbers if _is_cut(data, at, _WEAK_MARKER, weak_bits)), most)
        chunks.append(data[:first])
        data = data[first:]
    return chunks


def _is_cut(data: bytes, at: int, marker: bytes, bits: int) -> bool:
    symbols = bytes(byte & 3 for byte in data[at - len(marker) : at])
    return symbols == marker and not zlib.crc32(data[at - _WINDOW : at]) & ((1 << bits) - 1)


def list_of(chunks: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the table and the digest of a list of chunks without holes. Spec: RS-052."""
    marks = [hashlib.sha256(chunk).digest() for chunk in chunks]
    table = struct.pack(">I", len(chunks))
    table += b"".join(struct.pack(">I", len(chunk)) for chunk in chunks)
    table += b"".join(mark[:6] for mark in marks)
    return table, hashlib.sha256(b"".join(marks)).digest()
