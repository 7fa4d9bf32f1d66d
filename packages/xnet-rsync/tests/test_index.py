"""Tables of the index: every entry once, in order, whoever asks when."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from xnet_rsync.compression import STORED, ZLIB
from xnet_rsync.entries import DIRECTORY, FILE, Entry, Listing
from xnet_rsync.index import TABLE_BYTES, TABLE_ENTRIES, Index
from xnet_rsync.messages import MORE
from xnet_rsync.receiver.decompression import unpack
from xnet_rsync.receiver.table import read_table

ROOT = Entry(0, "", b"", DIRECTORY, 0o755, 0, 0, (0, 0))


def files(first: int, count: int) -> list[Entry]:
    return [
        Entry(number, f"f{number}", b"f%d" % number, FILE, 0o644, number, -number, (0, 0))
        for number in range(first, first + count)
    ]


def read(index: Index, method: int = STORED) -> list[tuple[int, int, int, list[bytes]]]:
    """Return first number, folder, flags and names of each group."""
    found = []
    number = 0
    while (table := index.maybe_table(number)) is not None:
        name, first, compression, size, data = table.message(method)
        assert name == "index"
        for folder, flags, rows in read_table(unpack(compression, data, 0, size)):
            found.append((first, folder, flags, [row[0] for row in rows]))
        number += 1
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("method", [STORED, ZLIB])
def test_a_directory_that_is_larger_than_a_table(method: int) -> None:
    index = Index(ROOT)
    entries = files(1, TABLE_ENTRIES + 10)
    index.fill([Listing(ROOT, entries, True)])
    groups = read(index, method)
    assert [group[:3] for group in groups] == [(1, 0, MORE), (TABLE_ENTRIES + 1, 0, 0)]
    assert [name for group in groups for name in group[3]] == [entry.name for entry in entries]
    assert index.entries == [ROOT, *entries]


def test_a_directory_that_fills_a_table_exactly() -> None:
    index = Index(ROOT)
    index.fill([Listing(ROOT, files(1, TABLE_ENTRIES), True), Listing(ROOT, [], True)])
    assert [group[:3] for group in read(index)] == [(1, 0, 0), (1, 0, 0)]


def test_many_empty_directories_do_not_make_an_endless_table() -> None:
    index = Index(ROOT)
    index.fill(Listing(ROOT, [], True) for _ in range(100_000))
    assert len(read(index)) == 100_000
    table = index.maybe_table(0)
    assert table is not None
    assert len(table.message(STORED)[4]) < 2 * TABLE_BYTES  # type: ignore[arg-type]


def test_who_waits_for_a_table_is_told_when_the_walk_fails() -> None:
    index = Index(ROOT)
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(index.maybe_table(0)))
    waiting.start()

    def failing() -> Iterator[Listing]:
        yield Listing(ROOT, [], True)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        index.fill(failing())
    waiting.join(200)
    assert found == [None]
