from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_strategies import exactly, items
from xnet_wire.errors import ValueFormatError
from xnet_wire.partial_item import PartialItem
from xnet_wire.values import ValueDecoder, encode, encode_parts

decoder = ValueDecoder()
DEFAULT = (True, False)


def put_together(pieces: list[Any], strings: tuple[bool, bool] = DEFAULT) -> Any:
    partial = PartialItem()
    for piece in pieces[:-1]:
        partial.add(piece)
    item = partial.finish(decoder, pieces[-1], strings)
    assert partial.size_bytes == sum(map(len, pieces))
    return item


@given(items, st.integers(1, 40), st.sampled_from([bytes, bytearray, memoryview]))
def test_an_item_may_be_cut_anywhere(item: Any, size: int, kind: type) -> None:
    data = encode(item)
    pieces = [kind(data[start : start + size]) for start in range(0, len(data), size)]
    assert exactly(put_together(pieces)) == exactly(item)


@pytest.mark.parametrize("length", [0, 23, 24, 300, 70_000])
def test_bytes_may_be_cut_inside_their_head(length: int) -> None:
    data = encode(bytes(length))
    for cut in range(1, min(len(data), 12)):
        assert put_together([data[:cut], data[cut:]]) == bytes(length)
        assert put_together([data[:cut], b"", data[cut:], b""]) == bytes(length)


@pytest.mark.parametrize(
    "wrong", [b"\x59\x01\x00" + bytes(255), b"\x59\x01\x00" + bytes(257), b"\x82\x01", b""]
)
def test_what_is_no_item_is_refused(wrong: bytes) -> None:
    for cut in (0, 1, 2, 3, 100):
        with pytest.raises(ValueFormatError):
            put_together([wrong[:cut], wrong[cut:]])


def test_the_flags_hold_here_too() -> None:
    data = encode("é" * 10)
    assert put_together([data[:5], data[5:]], (True, True)) == ("é" * 10).encode()


def test_large_bytes_need_room_once() -> None:
    size = 8_000_000
    pieces = encode_parts(bytes(size), 262_144)
    put_together(list(pieces))
    tracemalloc.start()
    try:
        item = put_together(list(pieces))
        assert tracemalloc.get_traced_memory()[1] < 1.3 * size
    finally:
        tracemalloc.stop()
    assert len(item) == size


def test_what_looks_before_sees_all_but_a_byte_string_and_may_refuse() -> None:
    def refuse(payload: bytes) -> None:
        raise MemoryError(payload)

    partial = PartialItem()
    partial.add(b"\x82\x01")
    with pytest.raises(MemoryError, match=r"x82\\x01\\x02"):
        partial.finish(decoder, b"\x02", DEFAULT, refuse)
    partial = PartialItem()
    partial.add(b"\x42a")
    assert partial.finish(decoder, b"b", DEFAULT, refuse) == b"ab"
