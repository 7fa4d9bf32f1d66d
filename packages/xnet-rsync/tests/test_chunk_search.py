"""What a receiver finds of a list of chunks in a file that is there (``ChunkSearch`` of the receiver)."""

from __future__ import annotations

import os
import random
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_rsync.chunk_list import ChunkList
from xnet_rsync.receiver.chunk_search import MISSING, ChunkSearch
from xnet_rsync.receiver.cuts import LEVELS, cut
from xnet_rsync.receiver.decompression import unpack

if TYPE_CHECKING:
    from pathlib import Path

NOISE = random.Random(8).randbytes(300_000)
USUAL = LEVELS[0][1]


def match(old: bytes, new: bytes, path: Path) -> tuple[bool, ChunkSearch]:
    """Look for the chunks of ``new`` in a file with ``old``; check that what is found is right."""
    found = ChunkList(lambda size, at: new[at : at + size], [(0, len(new))] if new else [], len(new), level=0)
    records = ChunkSearch(0)
    for _, _, _, _, compression, size, table, digest in found.messages(1, 0):
        records.add(unpack(compression, table, 0, size))
        records.digest = digest
    records.arrange(len(new))
    path.write_bytes(old)
    fd = os.open(path, os.O_RDONLY)
    try:
        same = records.match(0, fd, os.fstat(fd), records.digest, lambda: None)
    finally:
        os.close(fd)
    for number, (source, offset) in enumerate(records.sources):
        length, mark = records.lengths[number], records.marks[number]
        if source == 0:
            assert sha256(old[offset : offset + length]).digest()[:6] == mark
            assert mark not in records.wanted
        elif source == MISSING:
            assert records.wanted[mark] == number
    return same, records


def missing_bytes(records: ChunkSearch) -> int:
    return sum(records.lengths[first + n] for first, count in records.missing() for n in range(count))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matching") / "file"


CUTS = st.integers(0, len(NOISE))


@given(st.lists(st.tuples(CUTS, st.integers(0, 9000), st.integers(0, 9000)), max_size=6))
def test_edits_cost_what_they_touch(file: Path, edits: list[tuple[int, int, int]]) -> None:
    new = bytearray(NOISE)
    filling = random.Random(9)
    for at, removed, inserted in edits:
        new[at : at + removed] = filling.randbytes(inserted)
    same, records = match(NOISE, bytes(new), file)
    assert same == (bytes(new) == NOISE)
    touched = sum(inserted for _, _, inserted in edits)
    assert missing_bytes(records) <= touched + 12 * USUAL * len(edits)


@given(CUTS, st.integers(0, 20_000), CUTS, st.integers(0, 20_000))
def test_what_has_moved_is_found(file: Path, start: int, size: int, to: int, between: int) -> None:
    moved = NOISE[start : start + size]
    rest = NOISE[:start] + NOISE[start + size :]
    new = rest[:to] + moved + rest[to : to + between] + moved + rest[to + between :]
    _, records = match(NOISE, new, file)
    assert missing_bytes(records) <= 4 * 12 * USUAL


def test_two_blocks_that_changed_places_are_found(file: Path) -> None:
    chunks = list(cut(lambda size, at: NOISE[at : at + size], 0, len(NOISE), 0))
    start, size = chunks[50][0], len(chunks[50][1]) + len(chunks[51][1])
    other = chunks[52][0], len(chunks[52][1])
    new = NOISE[:start] + NOISE[other[0] : sum(other)] + NOISE[start : start + size] + NOISE[sum(other) :]
    same, records = match(NOISE, new, file)
    assert not same
    # In the list, a chunk can end elsewhere where another one is in front of it; not all of them do.
    assert missing_bytes(records) <= 4 * USUAL


def test_a_file_that_goes_on_is_not_the_same(file: Path) -> None:
    assert match(NOISE, NOISE, file)[0]
    for old, new in (
        (NOISE, NOISE[:-1]),
        (NOISE + b"x", NOISE),
        (NOISE, NOISE + b"x"),
        (b"", b"x"),
        (b"x", b""),
    ):
        same, records = match(old, new, file)
        assert not same
        assert missing_bytes(records) <= 8 * USUAL


def test_chunk_by_chunk_another_file_ends(file: Path) -> None:
    """Every second chunk is another one: it goes from following to looking and back all the time."""
    generator = random.Random(10)
    chunks = [chunk for _, chunk in cut(lambda size, at: NOISE[at : at + size], 0, len(NOISE), 0)]
    new = b"".join(
        chunk if number % 7 < 2 else generator.randbytes(len(chunk) + number % 3)
        for number, chunk in enumerate(chunks)
    )
    kept = sum(len(chunk) for number, chunk in enumerate(chunks) if number % 7 < 2)
    _, records = match(NOISE, new, file)
    assert len(new) - missing_bytes(records) >= kept // 3
