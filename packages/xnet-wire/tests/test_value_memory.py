"""Tests of `xnet_wire.value_memory`. Spec: LI-012."""

from __future__ import annotations

import tracemalloc

import pytest

from xnet_wire.value_memory import MOST_FOR_A_BYTE, decoded_bytes
from xnet_wire.values import ValueDecoder, encode

SAMPLES: dict[str, object] = {
    "bytes": b"x" * 100_000,
    "text": "x" * 100_000,
    "wide text": "\N{GRINNING FACE}" + "x" * 100_000,
    "chinese": "\u4e2d" * 50_000,
    "empty lists": [[] for _ in range(20_000)],
    "empty dicts": [{} for _ in range(20_000)],
    "small dicts": [{0: 0} for _ in range(20_000)],
    "nested lists": [[[[]]] for _ in range(20_000)],
    "sets": [{1} for _ in range(20_000)],
    "short texts": [f"{number % 1000:03}" for number in range(20_000)],
    "numbers": [1000 + number for number in range(20_000)],
    "floats": [number / 3 for number in range(20_000)],
    "tuples": [(number, number) for number in range(20_000)],
    "complex": [complex(number, 1) for number in range(10_000)],
    "bignums": [1 << (100 + number % 50) for number in range(10_000)],
}


def taken(payload: bytes) -> int:
    """Return what decoding leaves in memory."""
    decoder = ValueDecoder()
    tracemalloc.start()
    try:
        item = decoder.decode(payload)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert item is not None
    return size


@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_about_what_the_item_takes(name: str) -> None:
    payload = encode(SAMPLES[name])
    size = taken(payload)
    found = decoded_bytes(payload, 2**40)
    assert 0.65 * size < found < 5 * size + 1000
    assert size < MOST_FOR_A_BYTE * len(payload) + 5000


def test_it_stops_when_it_knows_enough() -> None:
    payload = encode(SAMPLES["empty lists"])
    assert 10_000 < decoded_bytes(payload, 10_000) < 10_200


@pytest.mark.parametrize(
    "payload", [b"", b"\x1c", b"\x9b", b"\x5a\xff\xff\xff\xff", b"\xff", b"\x7f", b"\xd9\x01"]
)
def test_what_is_malformed_is_for_the_decoder_to_refuse(payload: bytes) -> None:
    assert decoded_bytes(payload, 2**40) >= 0
