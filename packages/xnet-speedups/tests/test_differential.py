"""The compiled codec against the exact one, and what it leaves to it."""

from __future__ import annotations

import gc
import resource
import sys
from typing import Any

import pytest

speedups = pytest.importorskip(
    "xnet_speedups._values", reason="xnet-speedups was installed without its compiled part"
)

from differential import compare  # noqa: E402 - needs the module that was looked for
from xnet_wire.errors import DumpError, ValueFormatError  # noqa: E402
from xnet_wire.values import ValueDecoder, encode  # noqa: E402


def test_the_same_bytes_items_and_refusals() -> None:
    for number in range(3_000):
        compare(number)


class Asked(Exception):
    """Pure Python was asked."""


class Exact:
    def decode(self, payload: bytes, strings: tuple[bool, bool]) -> Any:
        raise Asked

    decode_batch = decode


def asked(item: object) -> Any:
    raise Asked


@pytest.mark.parametrize(
    "item",
    [
        None,
        True,
        -(2**63),
        2**64 - 1,
        1.5,
        2j,
        "ö\U00010000",
        b"x" * 3000,
        bytearray(b"x"),
        [1],
        (1,),
        {1: {2: ()}},
        {3},
        frozenset("a"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_what_is_plain_is_done_here(item: Any) -> None:
    payload = speedups.Encoder(asked).encode(item)
    assert payload == encode(item)
    got = speedups.Decoder(Exact(), 512).decode(payload)
    assert got == (bytes(item) if isinstance(item, bytearray) else item)
    assert speedups.Decoder(Exact(), 512).decode_batch(b"\x82" + payload * 2) == [got, got]


@pytest.mark.parametrize(
    "item",
    [object(), "\ud800", 2**64, {(1,): 1}, {frozenset()}, memoryview(b""), type("int", (int,), {})(1)],
    ids=lambda item: type(item).__name__,
)
def test_what_is_not_is_left_to_pure_python(item: Any) -> None:
    with pytest.raises(Asked):
        speedups.Encoder(asked).encode(item)


def test_nesting_without_an_end_is_refused_by_pure_python() -> None:
    item: list[Any] = []
    item.append(item)
    with pytest.raises(DumpError, match="contains itself"):
        speedups.Encoder(encode).encode(item)


def test_va_023_the_limit_of_nesting_is_that_of_the_decoder() -> None:
    payload = b"\x81" * 9 + b"\x80"
    assert speedups.Decoder(Exact(), 10).decode(payload)
    with pytest.raises(Asked):
        speedups.Decoder(Exact(), 9).decode(payload)


@pytest.mark.parametrize(
    "claim",
    ["9affffffff", "bbffffffffffffffff", "d9e4209bffffffffffffffff", "d901029affffffff", "5affffffff"],
)
def test_a_claim_takes_no_memory(claim: str) -> None:
    payload = bytes.fromhex(claim) * 20
    with pytest.raises(ValueFormatError):
        speedups.Decoder(ValueDecoder(), 512).decode(payload)


def test_claims_within_claims_take_no_memory() -> None:
    """Each list says that it has a member for every byte that is left."""
    payload = b"".join(b"\x9a" + (1_000_000 - 5 * level).to_bytes(4, "big") for level in range(1, 190))
    payload += b"\x00" * (1_000_000 - len(payload))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Asked):
        speedups.Decoder(Exact(), 512).decode(payload)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_se_005_many_numbers_as_keys_are_left_to_pure_python() -> None:
    few = dict.fromkeys(range(256))
    many = dict.fromkeys(range(257))
    assert speedups.Decoder(Exact(), 512).decode(encode(few)) == few
    with pytest.raises(Asked):
        speedups.Decoder(Exact(), 512).decode(encode(many))
    with pytest.raises(Asked):
        speedups.Decoder(Exact(), 512).decode(encode(set(many)))
    texts = {str(number): None for number in range(1000)}
    assert speedups.Decoder(Exact(), 512).decode(encode(texts)) == texts


def test_nothing_is_left_over() -> None:
    """References are counted right, also where something is given up half way."""
    encoder, decoder = speedups.Encoder(encode), speedups.Decoder(ValueDecoder(), 512)
    item = [{"a": 1.5, "b": ("x", b"y" * 2000, None)}, {1, 2}, 2j]
    payload = encoder.encode(item)
    refused = [*item, object()]

    def once() -> None:
        decoder.decode(encoder.encode(item))
        for bad in (payload[:-1], payload + b"\0", b"\x82" + payload):
            with pytest.raises(ValueFormatError):
                decoder.decode(bad)
        with pytest.raises(DumpError):
            encoder.encode(refused)

    for _ in range(20):
        once()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(200):
        once()
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
