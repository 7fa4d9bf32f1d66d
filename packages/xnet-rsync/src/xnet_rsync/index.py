"""The index: what the source has, encoded once for all targets and shared by their threads."""

from __future__ import annotations

import threading
from collections import Counter

from xnet_rsync import messages
from xnet_rsync.compression import STORED, compress
from xnet_rsync.entries import FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from xnet_rsync.entries import Entry, Listing

#: A table is closed when it has so many entries, or takes about so many bytes.
TABLE_ENTRIES: Final = 4096
TABLE_BYTES: Final = 262_144
#: Files of fewer bytes are sent again rather than compared with others.
WORTH_COMPARING_BYTES: Final = 1024


class Table:
    """A table of the index.

    Attributes:
        first: Number of its first entry.
        count: How many it has.
        owners: What has to be said before it, if entries have setuid or setgid bits. Spec: RS-028.
    """

    __slots__ = ("_encoded", "_size", "count", "first", "owners")

    def __init__(
        self,
        first: int,
        groups: list[tuple[int, int, int]],
        entries: list[Entry],
        owners: Mapping[int, tuple[int, int]],
    ) -> None:
        self.first = first
        self.count = len(entries)
        owned = [entry.number for entry in entries if entry.number in owners] if owners else []
        self.owners = messages.owners(owned, [owners[number] for number in owned]) if owned else None
        table = messages.encode_table(groups, entries)
        self._size = len(table)
        self._encoded = {STORED: (STORED, table)}

    def message(self, method: int) -> list[object]:
        """Return the message, compressed by a method."""
        if method not in self._encoded:
            self._encoded[method] = compress(self._encoded[STORED][1], method)
        compression, table = self._encoded[method]
        return ["index", self.first, compression, self._size, table]


class Index:
    """Entries by number, and the tables made of them.

    Attributes:
        entries: All of them, once the walk has ended.
        ended: Whether it has, without an error.

    Threads: one thread adds listings; any may ask for what is there or will be.
    """

    def __init__(self, root: Entry, owners: Mapping[int, tuple[int, int]] | None = None) -> None:
        """Begin with the root.

        Args:
            root: The source itself.
            owners: Of entries with setuid or setgid bits, by number; the walk adds to them.
        """
        self.entries = [root]
        self._owners = {} if owners is None else owners
        self._tables: list[Table] = []
        self._complete = False
        self._repeated: set[int] | None = None
        self.ended = False
        self._news = threading.Condition()

    def fill(self, listings: Iterable[Listing]) -> None:
        """Add all listings. Whatever happens, waiting threads are told."""
        groups: list[tuple[int, int, int]] = []
        pending: list[Entry] = []
        size = 0
        try:
            for listing in listings:
                last_flags = 0 if listing.complete else messages.INCOMPLETE
                count = 0
                for entry in listing.entries:
                    if len(pending) >= TABLE_ENTRIES or size >= TABLE_BYTES:
                        groups.append((listing.folder.number, count, messages.MORE))
                        self._publish(groups, pending)
                        groups, pending, size, count = [], [], 0, 0
                    pending.append(entry)
                    count += 1
                    size += 20 + len(entry.name) + len(entry.text)
                groups.append((listing.folder.number, count, last_flags))
                size += 12
                if size >= TABLE_BYTES:
                    self._publish(groups, pending)
                    groups, pending, size = [], [], 0
            if groups:
                self._publish(groups, pending)
            self.ended = True
        finally:
            self.end()

    def end(self) -> None:
        """Tell waiting threads that nothing more comes."""
        with self._news:
            self._complete = True
            self._news.notify_all()

    def maybe_table(self, number: int) -> Table | None:
        """Return a table, waiting for it; None if there are not so many."""
        with self._news:
            self._news.wait_for(lambda: self._complete or len(self._tables) > number)
            return self._tables[number] if number < len(self._tables) else None

    def repeated_sizes(self) -> set[int]:
        """Return which sizes several files have; only these can be equal. The walk has ended."""
        with self._news:
            if self._repeated is None:
                sizes = Counter(
                    [
                        entry.size
                        for entry in self.entries
                        if entry.kind == FILE and entry.size >= WORTH_COMPARING_BYTES
                    ]
                )
                self._repeated = {size for size, count in sizes.items() if count > 1}
            return self._repeated

    def _publish(self, groups: list[tuple[int, int, int]], entries: list[Entry]) -> None:
        table = Table(len(self.entries), groups, entries, self._owners)
        with self._news:
            self.entries += entries
            self._tables.append(table)
            self._news.notify_all()
