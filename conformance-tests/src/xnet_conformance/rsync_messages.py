"""What the sender of a tree says, in bytes: tables of the index, content, lists of chunks. Spec: RS-021."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CaseError
from xnet_conformance.rsync_cuts import noise, telling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What an entry is called in cases -> kind, permissions, whether it has a text.
KINDS: Final = {"dir": (1, 0o755), "file": (2, 0o644), "link": (3, 0o777), "tree_link": (4, 0o777)}
#: A time that every file system keeps, in nanoseconds since 1970.
SOME_TIME: Final = 1_600_000_000_000_000_000


def table_of(groups: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a table of the index.

    Args:
        groups: ``{dir: 0, flags: 0, entries: [{file: name, size: n}, {dir: name}, {link: name, to: text}]}``;
            ``times`` is how often a name follows itself, ``mode`` and ``time`` have defaults, ``kind``
            replaces the one that the first key says, and ``count`` the number of entries that the group
            says it has; a size may be a content that has it.
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
            b"\0".join(encode_name(entry["to"]) for entry in entries if "to" in entry),
        ]
    )


def _row(entry: Mapping[str, Any]) -> tuple[bytes, int, int, int, int]:
    key = next((key for key in KINDS if key in entry), None)
    if key is None:
        raise CaseError(f"the entry {dict(entry)!r} has none of the keys {', '.join(KINDS)}")
    kind, mode = KINDS[key]
    size = entry.get("size", 0)
    return (
        encode_name(entry[key]) * entry.get("times", 1),
        entry.get("kind", kind),
        entry.get("mode", mode),
        size if isinstance(size, int) else len(content_of(size)),
        entry.get("time", SOME_TIME),
    )


def encode_name(text: str) -> bytes:
    """Return the bytes of a name or a path; ``<FF>`` in it is a byte that need not be of any text."""
    return re.sub(rb"<([0-9A-F]{2})>", lambda found: bytes.fromhex(found[1].decode()), text.encode())


def content_of(what: Any) -> bytes:
    """Return the content that a case describes: a text, or a map.

    ``text``, then ``noise: n`` bytes that repeat nowhere (``seed``), then what ``cuts: level`` tells of
    (with ``base: true``, what has all of its chunks), then ``zeros: n``, then the text ``then``.
    """
    if isinstance(what, str):
        return what.encode()
    data = str(what.get("text", "")).encode()
    # All of the text and the noise together, so that one can be put in front of the other's beginning.
    data += noise(max(0, what.get("noise", 0) - len(data)), what.get("seed", 1))
    if "cuts" in what:
        data += telling(what["cuts"])[bool(what.get("base"))]
    return data + bytes(what.get("zeros", 0)) + str(what.get("then", "")).encode()


def compressed(data: bytes, how: int) -> bytes:
    """Return data in a compression; in one that nobody has named it stays as it is."""
    return zlib.compress(data) if how == 1 else data


def pack_of(
    files: Mapping[int, bytes], how: int, said: int | None, lengths: Mapping[int, int] | None = None
) -> bytes:
    """Return content with whole files.

    Args:
        files: By number.
        how: Compression.
        said: The size of the body, if another than it has.
        lengths: What is said of files, if others than they have.
    """
    heads = b"".join(
        struct.pack(">II", number, (lengths or {}).get(number, len(data))) for number, data in files.items()
    )
    body = heads + b"".join(files.values())
    size = len(body) if said is None else said
    return struct.pack(">BBII", 1, how, size, len(files)) + compressed(body, how)


def data_of(entry: int, offset: int, flags: int, data: bytes, how: int) -> bytes:
    """Return content with a piece of one file."""
    return struct.pack(">BBBIQI", 2, how, flags, entry, offset, len(data)) + compressed(data, how)


def list_of(pieces: Sequence[bytes | int]) -> tuple[bytes, bytes]:
    """Return the table and the digest of a list of chunks, and of holes of given lengths."""
    marks = [
        struct.pack(">Q", piece) if isinstance(piece, int) else hashlib.sha256(piece).digest()
        for piece in pieces
    ]
    table = struct.pack(">I", len(pieces))
    table += b"".join(struct.pack(">I", 0 if isinstance(piece, int) else len(piece)) for piece in pieces)
    table += b"".join(mark[2:] if len(mark) == 8 else mark[:6] for mark in marks)
    return table, hashlib.sha256(b"".join(marks)).digest()
