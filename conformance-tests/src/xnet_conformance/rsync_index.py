"""The index that the sender of a tree sends, read and judged. Spec: RS-020 to RS-031."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

import attrs

from xnet_conformance.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

DIRECTORY, FILE, LINK, TREE_LINK = 1, 2, 3, 4
MOST_BYTES: Final = 1_048_576
_UNFINISHED: Final = b".xnet-rsync-"
_SETID: Final = 0o6000
_MORE, _INCOMPLETE = 1, 2


@attrs.define
class Entry:
    """One entry, as the sender described it last.

    Attributes:
        path: Below the root.
        version: How often `meta` has described it anew.
    """

    number: int
    path: bytes
    kind: int
    mode: int
    size: int
    time: int
    text: bytes = b""
    version: int = 0


def unpack(method: int, data: bytes, said: int) -> bytes:
    """Return what was compressed.

    Raises:
        CheckFailed: It is not of the size that was said, too large, or compressed in an unnamed way.
    """
    if said > MOST_BYTES:
        raise CheckFailed(f"{said} bytes at once", expected="1,048,576 at most", req="RS-011")
    if method == 1:
        reader = zlib.decompressobj()
        try:
            data = reader.decompress(data, said + 1)
        except zlib.error as error:
            raise CheckFailed(f"what is compressed is damaged: {error}", req="RS-011") from None
        if not reader.eof or reader.unused_data:
            raise CheckFailed("what is compressed is not of the size that was said", req="RS-011")
    elif method != 0:
        raise CheckFailed(f"the compression {method}, which ready did not name", req="RS-010")
    if len(data) != said:
        raise CheckFailed(f"{len(data)} bytes came, {said} were said", req="RS-011")
    return data


class Offered:
    """What a sender has said of its tree.

    Attributes:
        entries: By number; 0 is the root.
        by_path: The same, by path.
        incomplete: Directories in which the sender does not know everything.
    """

    def __init__(self, root: Entry) -> None:
        self.entries = [root]
        self.by_path = {root.path: root}
        self.incomplete: set[bytes] = set()
        self._unlisted = {0} if root.kind == DIRECTORY else set()
        self._more: int | None = None
        self._names: set[bytes] = set()
        self._owned: set[int] = set()

    def add_owners(self, numbers: Iterable[int]) -> None:
        """Take whose entries of the next table are."""
        for number in numbers:
            if number < len(self.entries):
                raise CheckFailed(f"the owner of {number}, which came before", req="RS-028")
            self._owned.add(number)

    def add_table(self, first: int, table: bytes) -> list[Entry]:
        """Take a table; return its entries.

        Raises:
            CheckFailed: It is not as it has to be.
        """
        if first != len(self.entries):
            raise CheckFailed(
                f"a table from {first} on", expected=f"from {len(self.entries)} on", req="RS-023"
            )
        try:
            groups, rows = _read(table)
        except (struct.error, IndexError, ValueError) as error:
            raise CheckFailed(f"a table has another form: {error}", req="RS-021") from None
        at = 0
        if any(flags & _MORE for _, _, flags in groups[:-1]):
            raise CheckFailed(
                "a group that continues in the next table is not the last of its own", req="RS-023"
            )
        for directory, count, flags in groups:
            self._add_group(directory, flags, rows[at : at + count])
            at += count
        if at != len(rows):
            raise CheckFailed(f"groups of {at} entries in a table of {len(rows)}", req="RS-022")
        if any(number >= len(self.entries) for number in self._owned):
            raise CheckFailed("the owner of an entry that is not in the next table", req="RS-028")
        return self.entries[first:]

    def end(self) -> None:
        """Check that nothing is missing, now that the index is complete."""
        if self._more is not None or self._unlisted:
            missing = [self.entries[number].path for number in self._unlisted]
            raise CheckFailed("directories have no group", actual=str(missing[:5]), req="RS-022")

    def _add_group(self, directory: int, flags: int, rows: list[Entry]) -> None:
        if flags > _MORE | _INCOMPLETE:
            raise CheckFailed(f"a group with the flags {flags}", req="RS-021")
        if self._more is not None and self._more != directory:
            raise CheckFailed(f"{directory} comes between two pieces of {self._more}", req="RS-022")
        if self._more is None and directory not in self._unlisted:
            raise CheckFailed(f"a group of {directory}, which is none or was there", req="RS-022")
        if self._more is None:
            self._names = set()
        self._more = directory if flags & _MORE else None
        if self._more is None:
            self._unlisted.discard(directory)
        around = self.entries[directory].path
        if flags & _INCOMPLETE:
            self.incomplete.add(around)
        for row in rows:
            self._add(row, around)

    def _add(self, row: Entry, around: bytes) -> None:
        name = row.path
        if name in (b"", b".", b"..") or b"/" in name:
            raise CheckFailed(f"the name {name!r}", req="RS-030")
        if name.startswith(_UNFINISHED):
            raise CheckFailed(f"the name {name!r} is that of an unfinished file", req="RS-031")
        if name in self._names:
            raise CheckFailed(f"the name {name!r} comes twice", req="RS-023")
        self._names.add(name)
        row.number = len(self.entries)
        row.path = around + b"/" + name if around else name
        if row.mode & _SETID and row.number not in self._owned:
            raise CheckFailed(f"{row.path!r} has the permissions {row.mode:o} and no owner", req="RS-028")
        if row.kind == DIRECTORY:
            self._unlisted.add(row.number)
        self.entries.append(row)
        self.by_path[row.path] = row


def _read(table: bytes) -> tuple[list[tuple[int, int, int]], list[Entry]]:
    count, heads = struct.unpack_from(">II", table)
    at = 8
    groups = [struct.unpack_from(">III", table, at + 12 * number) for number in range(heads)]
    at += 12 * heads
    columns = []
    for letter, width in ("B", 1), ("H", 2), ("Q", 8), ("q", 8):
        columns.append(struct.unpack_from(f">{count}{letter}", table, at))
        at += width * count
    kinds, modes, sizes, times = columns
    odd = [kind for kind in kinds if not DIRECTORY <= kind <= TREE_LINK]
    if odd:
        raise CheckFailed(f"an entry of the kind {odd[0]}", req="RS-020")
    (length,) = struct.unpack_from(">I", table, at)
    at += 4
    if length > len(table) - at:
        raise ValueError("the names are cut off")
    names = table[at : at + length].split(b"\0") if count else []
    rest = table[at + length :]
    texts = rest.split(b"\0") if rest else []
    links = [number for number in range(count) if kinds[number] >= LINK]
    if len(names) != count or len(texts) != len(links) or (length and not count):
        raise ValueError(
            f"{len(names)} names and {len(texts)} texts of {count} entries and {len(links)} links"
        )
    rows = [
        Entry(0, names[number], kinds[number], modes[number], sizes[number], times[number])
        for number in range(count)
    ]
    for number, text in zip(links, texts, strict=True):
        rows[number].text = text
    for row in rows:
        if row.kind != FILE and row.size:
            raise CheckFailed(f"{row.path!r} has the kind {row.kind} and the size {row.size}", req="RS-020")
        if row.mode > 0o7777:
            raise CheckFailed(f"{row.path!r} has the permissions {row.mode:o}", req="RS-021")
    return groups, rows
