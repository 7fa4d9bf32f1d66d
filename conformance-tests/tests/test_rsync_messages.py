"""What the runner says as the sender of a tree: examples of the specification, cuts worked out by hand."""

from __future__ import annotations

import hashlib
import zlib

import pytest

from xnet_conformance.errors import CaseError
from xnet_conformance.rsync_messages import compressed, cut, data_of, list_of, pack_of, table_of


def test_the_table_of_the_example() -> None:
    entries = [{"file": "a", "size": 5, "time": 0}, {"dir": "e", "time": 0}]
    table = table_of([{"dir": 0, "entries": entries}, {"dir": 2}])
    assert table.hex() == (
        "0000000200000002000000000000000200000000000000020000000000000000020101a401ed"
        "000000000000000500000000000000000000000000000000000000000000000000000003610065"
    )


def test_texts_of_links_come_last() -> None:
    table = table_of([{"dir": 0, "entries": [{"link": "l", "to": "x/y"}, {"tree_link": "t", "to": "z"}]}])
    assert table.endswith(b"\0\0\0\3l\0tx/y\0z")


def test_an_entry_of_no_kind_is_a_mistake_of_the_case() -> None:
    with pytest.raises(CaseError, match="has none of the keys dir, file, link"):
        table_of([{"dir": 0, "entries": [{"name": "a"}]}])


def test_the_pack_of_the_example() -> None:
    assert pack_of({1: b"hello"}, 0, None).hex() == "01000000000d00000001000000010000000568656c6c6f"
    assert pack_of({1: b"hello"}, 0, 9)[2:6] == b"\0\0\0\x09"


def test_data_and_compression() -> None:
    assert data_of(7, 4, 3, b"xy", 0) == b"\2\0\3\0\0\0\7\0\0\0\0\0\0\0\4\0\0\0\2xy"
    assert zlib.decompress(data_of(7, 4, 3, b"xy" * 50, 1)[19:]) == b"xy" * 50
    assert compressed(b"x", 77) == b"x"


def test_content_without_markers_is_cut_at_four_times_the_usual_size() -> None:
    assert [len(chunk) for chunk in cut(bytes(12_000), 0)] == [5120, 5120, 1760]
    assert cut(b"", 0) == []


def test_a_marker_is_a_cut_if_the_checksum_before_it_says_so() -> None:
    for filler in range(0, 256, 4):
        data = bytes([filler]) * 396 + b"\5\4\7\4" + bytes([filler]) * 2000
        lengths = [len(chunk) for chunk in cut(data, 0)]
        strong = not zlib.crc32(data[368:400]) & 3
        weak = not zlib.crc32(data[367:399]) & 15
        assert lengths[0] == (400 if strong else 399 if weak else 2400)


def test_chunks_are_the_content() -> None:
    data = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(2000))
    for level in (0, 1):
        chunks = cut(data, level)
        assert b"".join(chunks) == data
        assert len(chunks) > 10
        table, digest = list_of(chunks)
        assert len(table) == 4 + 10 * len(chunks)
        assert table[-6:] == hashlib.sha256(chunks[-1]).digest()[:6]
        assert digest == hashlib.sha256(b"".join(hashlib.sha256(c).digest() for c in chunks)).digest()
