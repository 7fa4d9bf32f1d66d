"""The index: what the source has, encoded once for all targets and shared by their threads."""

from __future__ import annotations

import threading

from xnet_rsync import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from xnet_rsync.entries import Entry, Listing

#: A table is closed when it has so many entries: about 250 KB of names and numbers.
TABLE_ENTRIES: Final = 4096


class Table:
    """A table of the index.

    Attributes:
        first: Number of its first entry.
        count: How many it has.
    """

    __slots__ = ("_encoded", "_groups", "count", "first")

    def __init__(self, first: int, groups: list[tuple[int, int, int]], entries: list[Entry]) -> None:
        self.first = first
        self.count = len(entries)
        table = messages.encode_table(groups, entries)
        self._groups = len(table)
        self._encoded = {messages.STORED: (messages.STORED, table)}

    def message(self, method: int) -> list[object]:
        """Return the message, compressed by a method."""
        if method not in self._encoded:
            self._encoded[method] = messages.compress(self._encoded[messages.STORED][1], method)
        compression, table = self._encoded[method]
        return ["index", self.first, compression, self._groups, table]


class Index:
    """Entries by number, and the tables made of them.

    Threads: one thread adds listings; any may ask for what is there or will be.
    """

    def __init__(self, root: Entry) -> None:
        self.entries = [root]
        self._tables: list[Table] = []
        self._complete = False
        self._news = threading.Condition()

    def fill(self, listings: Iterable[Listing]) -> None:
        """Add all listings. Whatever happens, those who wait are told."""
        groups: list[tuple[int, int, int]] = []
        pending: list[Entry] = []
        try:
            for listing in listings:
                entries = listing.entries
                last_flags = 0 if listing.complete else messages.INCOMPLETE
                start = 0
                while True:
                    piece = entries[start : start + TABLE_ENTRIES - len(pending)]
                    start += len(piece)
                    flags = last_flags if start == len(entries) else messages.MORE
                    groups.append((listing.folder.number, len(piece), flags))
                    pending += piece
                    if len(pending) >= TABLE_ENTRIES or len(groups) >= TABLE_ENTRIES:
                        self._publish(groups, pending)
                        groups, pending = [], []
                    if start == len(entries):
                        break
            if groups:
                self._publish(groups, pending)
        finally:
            with self._news:
                self._complete = True
                self._news.notify_all()

    def maybe_table(self, number: int) -> Table | None:
        """Return a table, waiting for it; None if there are not so many."""
        with self._news:
            self._news.wait_for(lambda: self._complete or len(self._tables) > number)
            return self._tables[number] if number < len(self._tables) else None

    def _publish(self, groups: list[tuple[int, int, int]], entries: list[Entry]) -> None:
        table = Table(len(self.entries), groups, entries)
        with self._news:
            self.entries += entries
            self._tables.append(table)
            self._news.notify_all()
