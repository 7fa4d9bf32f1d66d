from __future__ import annotations

import collections
import enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_samples import APPENDIX_F, REFUSED
from wire_strategies import Reference, exactly, items, items_with_references, reference_id
from xnet_wire.engine import dumps
from xnet_wire.errors import ValueFormatError
from xnet_wire.value_decoding import decode_exact
from xnet_wire.value_encoding import encode_exact
from xnet_wire.value_plain import (
    NOT_PLAIN,
    PLAIN_LEVELS,
    NotPlainError,
    decode_plain,
    lower,
    raise_unless_engine_gave_up,
)
from xnet_wire.value_types import SENDABLE_SCALARS

DEFAULT = (True, False)


class Colour(enum.IntEnum):
    RED = 1


def nested(depth: int, wrap: type = list) -> Any:
    item: Any = None
    for _ in range(depth):
        item = wrap([item])
    return item


def lowered(item: Any, channel_type: Any = None, channel_id: Any = None) -> bytes:
    """Encode with the engine, as ``values.encode`` does."""
    if type(item) in SENDABLE_SCALARS:
        return dumps(item)
    return dumps(lower(item, PLAIN_LEVELS, channel_type, channel_id))


@given(items_with_references)
def test_the_engine_writes_what_the_exact_encoder_writes(item: Any) -> None:
    try:
        data = lowered(item, Reference, reference_id)
    except NotPlainError:
        return
    assert data == encode_exact(item, Reference, reference_id, 512)


@given(items)
def test_what_the_engine_reads_the_exact_decoder_reads(item: Any) -> None:
    agree(encode_exact(item, None, None, 512))


@given(st.binary(max_size=40))
def test_on_any_bytes_the_engine_says_no_more_than_the_exact_decoder(data: bytes) -> None:
    agree(data)


@given(items, st.integers(0, 10_000), st.integers(0, 255))
def test_on_damaged_bytes_the_engine_says_no_more_than_the_exact_decoder(
    item: Any, at: int, value: int
) -> None:
    data = bytearray(encode_exact(item, None, None, 512))
    data[at % len(data)] = value
    agree(bytes(data))


#: Heads, contents and small numbers that make tags meet what they must not hold.
PIECES = """
80 81 82 83 a0 a1 a2 00 01 20 40 4161 60 6161 61ff f4 f5 f6 f7 f0 f820 f93c00
c2 c3 d90102 d9a7f8 d9e420 d9e421 d9e422 d9e423 d9e424 43eda080 c0 c1 c4 c5 d819 d81c d81d d81e d823 d824 d825
d9d9f7 d90100 d90104 d90105 d903ec 9f bf ff
"""
pieces = st.sampled_from([bytes.fromhex(piece) for piece in PIECES.split()])


@given(st.lists(pieces, max_size=12).map(b"".join))
def test_on_strange_structures_the_engine_says_no_more_than_the_exact_decoder(data: bytes) -> None:
    agree(data)


def agree(data: bytes) -> None:
    """Check that the engine's answer, if it gives one, is the exact decoder's."""
    for string_keys in (True, False):
        got = decode_plain(data, 64, string_keys)
        if got is not NOT_PLAIN:
            assert exactly(got) == exactly(decode_exact(data, 64, DEFAULT, None))


@pytest.mark.parametrize("sample", [*APPENDIX_F, *REFUSED])
def test_what_is_refused_is_never_plain(sample: str) -> None:
    assert decode_plain(bytes.fromhex(sample), 512) is NOT_PLAIN
    assert decode_plain(bytes.fromhex(sample), 512, True) is NOT_PLAIN


@pytest.mark.parametrize(
    "item",
    [
        None,
        5,
        -(2**70),
        "text",
        b"bytes",
        1j,
        [1, [2, (3, ())]],
        {"a": {"b": {1, (2, 3)}}},
        {1: 2},
        (1, {2: 3.5}),
    ],
)
def test_the_usual_items_are_plain(item: Any) -> None:
    assert exactly(decode_plain(lowered(item), 512)) == exactly(item)


@pytest.mark.parametrize(
    "payload",
    [b"\x01" + b"\x48\xffxnet\xfe\xfd\xfc", b"\x48\xffxnet\xfe\xfd\xfc", b"\x01\x48\xffxnet\xfe\xfd"],
)
def test_a_payload_cannot_pretend_to_have_ended(payload: bytes) -> None:
    for tail in (b"", b"\x48\xffxnet\xfe\xfd\xfc", b"\x00"):
        got = decode_plain(payload + tail, 512)
        assert got is NOT_PLAIN or decode_exact(payload + tail, 512, DEFAULT, None) == got


def test_flat_containers_are_lowered_to_themselves() -> None:
    for item in ([1, "a"], {"a": 1}, [], {}):
        assert lower(item, 1, None, None) is item


@pytest.mark.parametrize(
    "item",
    [
        object(),
        Colour.RED,
        [Colour.RED],
        {"a": range(3)},
        {Colour.RED: 1},
        collections.OrderedDict(a=1),
        [Reference(1)],
        nested(PLAIN_LEVELS + 1),
        nested(PLAIN_LEVELS + 1, tuple),
    ],
)
def test_what_is_unusual_is_left_to_the_exact_encoder(item: Any) -> None:
    with pytest.raises(NotPlainError):
        lower(item, PLAIN_LEVELS, None, None)


def test_the_deepest_plain_item_fits_the_smallest_limit() -> None:
    item = nested(PLAIN_LEVELS - 1, tuple)
    deepest: Any = 1j
    for _ in range(PLAIN_LEVELS):
        deepest = (deepest,)
    for sample in (item, deepest):
        data = lowered(sample)
        assert decode_exact(data, 64, DEFAULT, None) == sample


@pytest.mark.parametrize("limit", [64, 512])
def test_va023_the_engine_takes_nothing_that_is_too_deep(limit: int) -> None:
    for leaf in (b"\x00", b"\x80", b"\xa0", b"\xd9\xe4\x20\x80", b"\xc2\x41\x01"):
        for depth in range(limit - 3, limit + 3):
            data = b"\x81" * depth + leaf
            if decode_plain(data, limit) is not NOT_PLAIN:
                decode_exact(data, limit, DEFAULT, None)
    with pytest.raises(ValueFormatError):
        decode_exact(b"\x81" * (limit + 1) + b"\x00", limit, DEFAULT, None)


@pytest.mark.parametrize("size", [10, 70_000])
@pytest.mark.parametrize("string_keys", [True, False])
def test_small_and_large_items_are_checked_alike(size: int, string_keys: bool) -> None:
    fill = "x" * size
    good = {fill: [fill, {"a": (1.5, True), "b": {fill: None}}]}
    data = lowered(good)
    assert exactly(decode_plain(data, 512, string_keys)) == exactly(good)
    for wrong in (b"\xf7", b"\xe5", b"\xf8\xff", b"\x1c"):
        assert decode_plain(b"\x82" + data + wrong, 512, string_keys) is NOT_PLAIN
    for key in (b"\x80", b"\xa0", b"\xf7"):
        assert decode_plain(b"\x82" + data + b"\xa1" + key + b"\x00", 512, string_keys) is NOT_PLAIN
    other_keys = lowered([good, {1: 2}])
    assert (decode_plain(other_keys, 512, string_keys) is NOT_PLAIN) == string_keys


def test_only_what_concerns_the_engine_is_swallowed() -> None:
    raise_unless_engine_gave_up(ValueError())
    panic = type("PanicException", (BaseException,), {})
    raise_unless_engine_gave_up(panic())
    with pytest.raises(KeyboardInterrupt):
        raise_unless_engine_gave_up(KeyboardInterrupt())
