"""What the runner says as the sender of a tree: examples of the specification, cuts worked out by hand."""

from __future__ import annotations

import hashlib
import zlib

import pytest

from xnet_conformance.errors import CaseError
from xnet_conformance.rsync_cuts import cut, noise
from xnet_conformance.rsync_messages import (
    compressed,
    content_of,
    data_of,
    encode_name,
    list_of,
    pack_of,
    table_of,
)


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


def test_contents_are_described() -> None:
    assert content_of("text") == b"text"
    assert content_of({"text": "ab", "noise": 5, "then": "end"}) == b"ab" + noise(3) + b"end"
    assert content_of({"zeros": 3, "then": 7}) == b"\0\0\0007"
    assert len(content_of({"cuts": 0, "base": True})) > len(content_of({"cuts": 0}))


def test_names_may_be_no_text() -> None:
    assert encode_name("a<FF>\u00e4<b") == b"a\xff\xc3\xa4<b"
