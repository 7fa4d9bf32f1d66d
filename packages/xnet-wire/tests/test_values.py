"""Both codecs together, as others see them.

Spec: VA-001, VA-008, VA-009, VA-020, VA-023, VA-024, VA-025, VA-026.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_samples import APPENDIX_F, REFUSED
from wire_strategies import (
    Reference,
    exactly,
    items,
    items_with_references,
    on_a_full_stack,
    reference_id,
)
from xnet_wire import codes
from xnet_wire.errors import DumpError, ReferenceRefused, ValueFormatError, WireError
from xnet_wire.value_decoding import decode_exact
from xnet_wire.value_encoding import encode_exact
from xnet_wire.values import ValueDecoder, count_batch, encode, encode_batch, encode_parts

decoder = ValueDecoder(Reference)


@given(items)
def test_a_round_trip_keeps_everything(item: Any) -> None:
    data = encode(item)
    assert data == encode_exact(item, None, None, 512)
    assert exactly(decoder.decode(data)) == exactly(item)


@given(items_with_references)
def test_a_round_trip_keeps_references(item: Any) -> None:
    data = encode(item, Reference, reference_id)
    assert exactly(decoder.decode(data)) == exactly(item)


@given(items, st.sampled_from([bytes, bytearray, memoryview]))
def test_a_payload_may_be_any_buffer(item: Any, kind: type) -> None:
    data = encode(item)
    assert exactly(decoder.decode(kind(data))) == exactly(item)


@given(items, st.integers(16, 60))
def test_parts_joined_are_the_item(item: Any, part_bytes: int) -> None:
    pieces = encode_parts(item, part_bytes)
    assert b"".join(pieces) == encode(item)
    assert all(1 <= len(piece) <= part_bytes for piece in pieces)


@given(st.lists(items, min_size=1, max_size=5), st.sampled_from([bytes, bytearray]))
def test_a_batch_is_its_items(batch: list[Any], kind: type) -> None:
    payload = kind(encode_batch([encode(item) for item in batch]))
    assert count_batch(payload) == len(batch)
    assert exactly(decoder.decode_batch(payload)) == exactly(batch)
    assert decoder.decode_batch(payload, (False, False)) is not None


DECODERS: list[Any] = [
    decoder.decode,
    decoder.decode_batch,
    lambda data: decoder.decode(data, (False, True)),
]


@given(st.binary(max_size=60), st.sampled_from(DECODERS))
def test_va026_any_bytes_give_an_item_or_the_documented_error(data: bytes, decode: Any) -> None:
    try:
        decode(data)
    except ValueFormatError:
        pass


@pytest.mark.parametrize("sample", [*APPENDIX_F, *REFUSED])
@pytest.mark.parametrize("strings", [(True, False), (False, True)])
def test_va020_it_is_refused(sample: str, strings: tuple[bool, bool]) -> None:
    data = bytes.fromhex(sample)
    with pytest.raises(ValueFormatError):
        decoder.decode(data, strings)
    with pytest.raises(ValueFormatError):
        decoder.decode_batch(b"\x82\x00" + data, strings)


@pytest.mark.parametrize("length", [0, 1, 23, 24, 127, 128, 129, 255, 256, 65_535, 65_536, 300_000])
def test_strings_of_every_size(length: int) -> None:
    for item in (bytes(length), "x" * length, "é" * length, "\U0001f600" * length):
        data = encode(item)
        assert data == encode_exact(item, None, None, 512)
        assert decoder.decode(bytearray(data)) == item
        assert type(decoder.decode(bytearray(data))) is type(item)
        for broken in (data[:-1], data + b"\x00"):
            with pytest.raises(ValueFormatError):
                decoder.decode(broken)


def test_a_long_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ValueFormatError, match="not UTF-8 at its byte 999: unexpected end of data"):
        decoder.decode(b"\x79\x03\xe8" + b"a" * 999 + b"\xc3")


@pytest.mark.parametrize(
    "number", [1 << 1_000_000, -1 << 1_000_000, (1 << 1_000_000) - 1], ids=["1", "-1", "ff"]
)
def test_large_numbers(number: int) -> None:
    data = encode(number)
    assert decoder.decode(data) == decoder.decode(memoryview(data)) == number
    with pytest.raises(ValueFormatError):
        decoder.decode(data[:-1])


def test_strings_arrive_by_the_flags() -> None:
    data = bytes.fromhex("82 d9e42341e9 62c3a9")
    assert decoder.decode(data) == ["é", "é"]
    assert decoder.decode(data, (False, True)) == [b"\xe9", b"\xc3\xa9"]
    assert decoder.decode_batch(data, (False, False)) == [b"\xe9", "é"]
    long_text = encode("é" * 500)
    assert decoder.decode(long_text, (True, True)) == ("é" * 500).encode()


def test_refusals_name_the_path() -> None:
    with pytest.raises(DumpError, match=r"an object of type object at \[1\]\['report'\]\[3\]\.$"):
        encode([1, {"report": [0, 1, 2, object()]}])
    with pytest.raises(DumpError, match=r"an object of type object at \[0\]\.$"):
        encode((object(),))
    with pytest.raises(DumpError, match="lone surrogate"):
        encode("\ud800" * 1000)
    with pytest.raises(DumpError, match=r"lone surrogate .* at \[0\]\[1\]"):
        encode_parts([["a", "\udfff"]], 16)


@pytest.mark.parametrize("limit", [64, 512])
@pytest.mark.parametrize("wrap", [list, tuple, lambda members: {"k": members[0]}])
def test_va023_both_directions_agree_on_depth(limit: int, wrap: Any) -> None:
    levels = 2 if wrap is tuple else 1
    item: Any = 1
    for _ in range(limit // levels):
        item = wrap([item])
    data = encode(item, max_depth=limit)
    assert encode(ValueDecoder(None, limit).decode(data), max_depth=limit) == data
    with pytest.raises(DumpError, match=f"The receiver takes {limit} levels"):
        encode([item], max_depth=limit)
    with pytest.raises(ValueFormatError, match=f"nested deeper than {limit}"):
        ValueDecoder(None, limit).decode(b"\x81" + data)


@pytest.mark.parametrize("limit", [64, 512])
def test_va024_the_array_of_a_batch_does_not_count(limit: int) -> None:
    deepest = b"\x81" * (limit - 1) + b"\x80"
    shallow = ValueDecoder(None, limit)
    assert len(shallow.decode_batch(encode_batch([deepest, b"\x01"]))) == 2
    assert len(shallow.decode_batch(encode_batch([b"\x81" * limit + b"\x01"]))) == 1
    for too_deep in (b"\x81" + deepest, b"\x81" * (limit + 1) + b"\x01"):
        with pytest.raises(ValueFormatError, match="nested deeper"):
            shallow.decode_batch(encode_batch([b"\x01", too_deep]))


@pytest.mark.parametrize(
    "payload", ["", "80", "00", "a10000", "8201", "9f00ff", "9affffffff00", "9c", "98", "d9e4208101"]
)
def test_what_is_no_batch_is_refused_by_its_head(payload: str) -> None:
    with pytest.raises(ValueFormatError, match="does not begin with a definite array of one item or more"):
        count_batch(bytes.fromhex(payload))
    with pytest.raises(ValueFormatError):
        decoder.decode_batch(bytes.fromhex(payload))


def test_keys_of_all_kinds_may_come_in_any_order() -> None:
    fresh = ValueDecoder()
    for item in ({"a": {"b": 1}}, {1: {"b": 1}}, {"a": 1}, {(1, 2): {None: 1}}, [{1.5: 2, b"x": 3}]):
        assert exactly(fresh.decode(encode(item))) == exactly(item)


@pytest.mark.parametrize("byte", range(256))
def test_every_payload_of_one_byte(byte: int) -> None:
    try:
        expected = decode_exact(bytes([byte]), 512, (True, False), None)
    except ValueFormatError:
        with pytest.raises(ValueFormatError):
            decoder.decode(bytes([byte]))
    else:
        for kind in (bytes, bytearray, memoryview):
            assert exactly(decoder.decode(kind(bytes([byte])))) == exactly(expected)


def test_mutable_items_are_never_shared() -> None:
    for data in (b"\x80", b"\xa0"):
        assert decoder.decode(data) is not decoder.decode(data)


def test_what_make_channel_raises_is_passed_on() -> None:
    def refuse(number: int) -> object:
        raise WireError(codes.LIMIT_EXCEEDED, f"Channel {number} is one too many.")

    with pytest.raises(WireError, match="Channel 5 is one too many") as caught:
        ValueDecoder(refuse).decode(encode([Reference(5)], Reference, reference_id))
    assert caught.value.code == codes.LIMIT_EXCEEDED


def test_make_channel_is_called_once_for_each_reference() -> None:
    made: list[int] = []

    def make(number: int) -> object:
        made.append(number)
        return Reference(number)

    data = encode([Reference(5), {"a": (Reference(7), Reference(5))}], Reference, reference_id)
    assert ValueDecoder(make).decode(data) == [Reference(5), {"a": (Reference(7), Reference(5))}]
    assert made == [5, 7, 5]


def test_a_channel_of_another_connection_is_refused() -> None:
    with pytest.raises(DumpError, match=r"a channel of another connection at \[1\]"):
        encode([1, Reference(0)], Reference, reference_id)


@pytest.mark.parametrize(
    "item", [1, "a", [1, [2]], (1, {"a": (2, [3])}), {(1, 2): {3}}, [[[[[[object()]]]]]], ["\ud800"]]
)
def test_a_full_stack_gives_a_documented_error(item: Any) -> None:
    for result in on_a_full_stack(lambda: encode(item)):
        assert isinstance(result, (bytes, DumpError)), repr(result)


@pytest.mark.parametrize(
    "payload", ["01", "820102", "d9e420820102", "a1d9e42081000 1", "82f7f7", "a18000", "d9e42205"]
)
def test_a_full_stack_gives_a_documented_error_to_the_decoder_too(payload: str) -> None:
    data = bytes.fromhex(payload.replace(" ", ""))
    for result in on_a_full_stack(lambda: decoder.decode(data)):
        if isinstance(result, Exception):
            assert isinstance(result, ValueFormatError), repr(result)


def peak_bytes(call: Any) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_bytes_are_not_copied_more_than_they_must_be() -> None:
    size = 4_000_000
    item = bytes(size)
    data = encode(item)
    assert peak_bytes(lambda: encode(item)) < 1.1 * size
    assert peak_bytes(lambda: encode_parts(item, 262_144)) < 0.1 * size
    assert peak_bytes(lambda: decoder.decode(data)) < 1.1 * size


@pytest.mark.parametrize(
    "claim", ["5affffffff", "7affffffff", "9affffffff", "baffffffff", "d901029affffffff", "c25affffffff"]
)
def test_va025_a_claim_allocates_nothing(claim: str) -> None:
    data = bytes.fromhex(claim) + bytes(1000)

    def refuse() -> None:
        with pytest.raises(ValueFormatError):
            decoder.decode(data)

    refuse()
    assert peak_bytes(refuse) < 200_000


def test_er_020_references_that_are_refused_come_after_all_else_that_is_wrong() -> None:
    """Spec: CH-017. What is raised is the first refusal."""

    def refuse(id_: int) -> object:
        raise ReferenceRefused(id_)

    decoder = ValueDecoder(refuse)
    keys = bytes.fromhex("a3 d9e42201 00 d9e42202 00")
    with pytest.raises(ReferenceRefused, match="1"):
        decoder.decode(keys + bytes.fromhex("d9e42203 00"))
    for wrong in ("d9e42202 00", "ff 00", "00", "61ff 00"):
        with pytest.raises(ValueFormatError):
            decoder.decode(keys + bytes.fromhex(wrong))
    with pytest.raises(ValueFormatError):
        decoder.decode_batch(bytes.fromhex("82 d9e42201 ff"))
