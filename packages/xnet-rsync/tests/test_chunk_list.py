"""Cutting: where the content says so, so that what is inserted does not move the other cuts."""

from __future__ import annotations

import os
import random
import struct
from hashlib import sha256
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_rsync.chunk_list import ChunkList, choose_level
from xnet_rsync.receiver import cuts
from xnet_rsync.receiver.chunk_search import ChunkSearch
from xnet_rsync.receiver.decompression import unpack

LEVELS = range(len(cuts.LEVELS))


def cut(data: bytes, level: int) -> list[bytes]:
    found = [
        bytes(chunk) for _, chunk in cuts.cut(lambda size, at: data[at : at + size], 0, len(data), level)
    ]
    assert b"".join(found) == data
    return found


def cut_by_the_rule(data: bytes, level: int) -> list[bytes]:
    """Cut as RS-050 says, byte by byte."""
    least, usual, marker, bits, weak_bits = cuts.LEVELS[level]
    symbols = bytes(byte & 3 for byte in data)

    def allowed(end: int, marker: bytes, bits: int) -> bool:
        return symbols[:end].endswith(marker) and not crc32(data[end - 32 : end]) & ((1 << bits) - 1)

    chunks = []
    last = 0
    while last < len(data):
        lengths = range(least, min(4 * usual, len(data) - last) + 1)
        one = (n for n in lengths if allowed(last + n, marker, bits))
        two = (n for n in lengths if allowed(last + n, b"\1\0\3", weak_bits))
        length = next(one, 0) or next(two, 0) or 4 * usual
        chunks.append(data[last : last + length])
        last += length
    return chunks


TEXT = b"".join(b"%d: what the line says is %d\n" % (n, n * 7919 % 1000) for n in range(2000))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        bytes(20_000),
        b"\3" * 20_000,
        TEXT,
        random.Random(1).randbytes(60_000),
        TEXT.decode().encode("utf-16-le"),
    ],
    ids=["nothing", "one", "zeros", "threes", "text", "noise", "utf-16"],
)
@pytest.mark.parametrize("level", [0, 1, 2])
def test_rs_050_cuts_are_where_the_rule_says(data: bytes, level: int) -> None:
    assert cut(data, level) == cut_by_the_rule(data, level)


@given(data=st.binary(max_size=3000), level=st.sampled_from([0, 2]))
def test_rs_050_any_bytes(data: bytes, level: int) -> None:
    repeated = data * (6000 // (len(data) + 1))
    assert cut(repeated, level) == cut_by_the_rule(repeated, level)


@pytest.mark.parametrize("level", LEVELS)
def test_sizes_are_bounded_and_usual(level: int) -> None:
    least, usual = cuts.LEVELS[level][:2]
    data = random.Random(level).randbytes(min(200 * usual, 40_000_000))
    sizes = [len(chunk) for chunk in cut(data, level)]
    assert all(least <= size <= 4 * usual for size in sizes[:-1])
    assert 0.6 * usual < len(data) / len(sizes) < 1.6 * usual


def test_reading_in_pieces_cuts_at_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random.Random(2).randbytes(700_000)
    wanted = cut(data, 0)
    for size in (1, 4096, 65_537):
        monkeypatch.setattr(cuts, "READ_BYTES", size)
        assert cut(data, 0) == wanted


@pytest.mark.parametrize("kind", ["noise", "text"])
def test_what_is_inserted_changes_the_chunks_around_it_only(kind: str) -> None:
    generator = random.Random(3)
    data = generator.randbytes(1_000_000) if kind == "noise" else TEXT * 30
    level = choose_level(len(data))
    before = cut(data, level)
    for at, inserted in ((0, b"x"), (500_000, b"some words"), (len(data), b"y"), (700_001, os.urandom(3000))):
        after = cut(data[:at] + inserted + data[at:], level)
        new = sum(len(chunk) for chunk in after if chunk not in set(before))
        assert new <= len(inserted) + 12 * cuts.LEVELS[level][1], (at, new)


def test_rs_051_the_level_follows_the_square_root() -> None:
    assert [choose_level(size) for size in (0, 10_000, 1_000_000, 10**7, 10**9, 10**10, 10**15)] == [
        0, 0, 0, 1, 5, 6, 10,
    ]  # fmt: skip
    assert all(choose_level(usual**2) == level for level, (_, usual, *_) in enumerate(cuts.LEVELS))


def test_a_list_has_chunks_holes_and_a_digest() -> None:
    data = random.Random(4).randbytes(5000) + bytes(10_000) + random.Random(5).randbytes(3000) + bytes(2000)
    ranges = [(0, 5000), (15_000, 18_000)]
    found = ChunkList(lambda size, at: data[at : at + size], ranges, len(data), level=0)
    digest = sha256()
    for start, end, hole in ((0, 5000, 10_000), (15_000, 18_000, 2000)):
        for chunk in cut(data[start:end], 0):
            digest.update(sha256(chunk).digest())
        digest.update(struct.pack(">Q", hole))
    assert found.digest == digest.digest()
    assert list(found.lengths).count(0) == 2
    assert found.offsets[-1] == len(data)

    (message,) = found.messages(7, 0)
    name, number, level, first, compression, size, table, sent = message
    assert (name, number, level, first, sent) == ("chunks", 7, 0, 0, found.digest)
    records = ChunkSearch(0)
    records.add(unpack(compression, table, 0, size))
    records.arrange(len(data))
    assert records.offsets == list(found.offsets)
    assert records.missing() == [
        [0, len(cut(data[:5000], 0))],
        [len(cut(data[:5000], 0)) + 1, len(cut(data[15_000:18_000], 0))],
    ]


def test_rs_052_a_long_list_is_several_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    from xnet_rsync import messages

    monkeypatch.setattr(messages, "MOST_RECORDS_AT_ONCE", 10)
    data = random.Random(6).randbytes(30_000)
    found = ChunkList(lambda size, at: data[at : at + size], [(0, len(data))], len(data), level=0)
    sent = list(found.messages(1, 0))
    assert len(sent) == -(-len(found.lengths) // 10)
    assert [message[3] for message in sent] == list(range(0, len(found.lengths), 10))
    assert [message[7] for message in sent] == [None] * (len(sent) - 1) + [found.digest]


def test_ranges_of_chunks_are_ranges_of_bytes() -> None:
    data = random.Random(7).randbytes(30_000)
    found = ChunkList(lambda size, at: data[at : at + size], [(0, len(data))], len(data), level=0)
    assert found.spans([(0, len(found.lengths))]) == [(0, len(data))]
    assert found.spans([(1, 2)]) == [(found.lengths[0], sum(found.lengths[:3]))]
