"""Content and lists that a sender sends: right ones are put together, and each mistake has its rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xnet_conformance.errors import CheckFailed
from xnet_conformance.rsync_arriving import Arriving, Chunks, check_level
from xnet_conformance.rsync_cuts import cut, noise
from xnet_conformance.rsync_index import Entry
from xnet_conformance.rsync_messages import data_of, list_of, pack_of


def file(number: int, size: int) -> Entry:
    return Entry(number, b"f%d" % number, 2, 0o644, size, 0)


def arriving() -> Arriving:
    found = Arriving()
    for number in 1, 2:
        found.ask(file(number, 6))
    return found


def test_packs_and_pieces() -> None:
    found = arriving()
    assert [asked.entry.number for asked in found.take(pack_of({2: b"abcdef"}, 1, None))] == [2]
    assert found.take(data_of(1, 1, 1, b"xy", 0)) == []
    found.take(data_of(1, 4, 2, b"z", 0))
    assert found.complete == {1: b"\0xy\0z\0", 2: b"abcdef"}
    assert found.asked == {}


@pytest.mark.parametrize(
    ("contents", "req"),
    [
        ([b"\3what"], "RS-040"),
        ([pack_of({3: b"abcdef"}, 0, None)], "RS-040"),
        ([pack_of({1: b"abcde"}, 0, None)], "RS-041"),
        ([pack_of({1: b"abcdef"}, 0, None) + b"x"], "RS-011"),
        ([data_of(3, 0, 3, b"", 0)], "RS-040"),
        ([data_of(1, 0, 2, b"abc", 0)], "RS-042"),
        ([data_of(1, 0, 7, b"abc", 0)], "RS-042"),
        ([data_of(1, 4, 3, b"abc", 0)], "RS-042"),
        ([data_of(1, 0, 1, b"abc", 0), data_of(1, 2, 2, b"def", 0)], "RS-042"),
        ([data_of(1, 0, 1, b"abc", 0), data_of(1, 3, 3, b"def", 0)], "RS-042"),
        ([data_of(1, 0, 1, b"abc", 0), data_of(2, 0, 1, b"abc", 0)], "RS-040"),
        ([data_of(1, 0, 1, b"abc", 0), pack_of({2: b"abcdef"}, 0, None)], "RS-040"),
        ([data_of(1, 0, 3, b"abc", 0), data_of(1, 0, 3, b"abc", 0)], "RS-040"),
    ],
)
def test_each_mistake_has_its_rule(contents: list[bytes], req: str) -> None:
    found = arriving()
    for content in contents[:-1]:
        found.take(content)
    with pytest.raises(CheckFailed) as caught:
        found.take(contents[-1])
    assert caught.value.req == req


def test_what_is_forgotten_begins_again() -> None:
    found = arriving()
    found.take(data_of(1, 0, 1, b"abc", 0))
    found.forget(1)
    found.take(data_of(1, 0, 3, b"abcdef", 0))
    assert found.complete == {1: b"abcdef"}


def test_exactly_what_is_wanted_comes() -> None:
    found = Arriving()
    found.ask(file(1, 9), [(0, 2), (2, 3), (5, 6)])
    found.take(data_of(1, 0, 1, b"abc", 0))
    (done,) = found.take(data_of(1, 5, 2, b"f", 0))
    assert done.pieces == [(0, b"abc"), (5, b"f")]
    found.ask(file(1, 9), [(0, 2)])
    with pytest.raises(CheckFailed, match="other bytes of 1 came"):
        found.take(data_of(1, 0, 3, b"abc", 0))


def listed(data: bytes, change: Callable[[bytes, bytes], tuple[bytes, bytes]], level: int = 0) -> str:
    """Return which rule a list of the content breaks, if it is changed."""
    table, digest = change(*list_of(cut(data, level)))
    chunks = Chunks(0)
    try:
        chunks.add(0, table, digest)
        chunks.judge(data)
    except CheckFailed as error:
        return error.req
    return ""


def test_a_list_is_that_of_the_content() -> None:
    data = noise(20_000)
    assert listed(data, lambda table, digest: (table, digest)) == ""
    assert listed(data, lambda table, digest: (table, bytes(32))) == "RS-054"
    assert listed(data, lambda table, digest: (table[:-1] + b"\0", digest)) == "RS-052"
    assert listed(data, lambda table, digest: (table + b"x", digest)) == "RS-052"
    assert listed(data, lambda table, digest: (bytes(4), digest)) == "RS-052"
    assert listed(data, lambda table, digest: (table, digest), level=1) == "RS-050"


def test_pieces_of_a_list_follow_each_other() -> None:
    with pytest.raises(CheckFailed, match="records from 1 on"):
        Chunks(0).add(1, bytes(4), None)


def test_holes_are_of_zeros() -> None:
    data = noise(3000) + bytes(5000) + noise(100)
    parts = [*cut(data[:3000], 0), None, *cut(data[8000:], 0)]
    holes = Chunks(0, [0], [(5000).to_bytes(6, "big")])
    assert holes.spans() == [(0, 5000)]
    chunks = Chunks(0)
    for part in parts:
        table, digest = list_of([part] if part else [])
        if part is None:
            table = bytes([0, 0, 0, 1]) + bytes(4) + (5000).to_bytes(6, "big")
        chunks.add(len(chunks.lengths), table, digest)
    with pytest.raises(CheckFailed, match="the digest is not that of the list"):
        chunks.judge(data)
    with pytest.raises(CheckFailed, match="where the file has data"):
        chunks.judge(noise(len(data))[:0] + data[:3000] + noise(5000) + data[8000:])


def test_levels_are_those_of_the_table() -> None:
    check_level(10)
    with pytest.raises(CheckFailed):
        check_level(11)
