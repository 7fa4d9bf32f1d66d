"""Compare the compiled value codec with the exact one: the same bytes, the same items, the same refusals.

Run as a program it goes on for as many items as it is told: ``python differential.py 1000000``. Item
number N is the same each time, so that a difference can be looked at again: ``python differential.py 1 N``.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

from xnet_speedups import Decoder, Encoder
from xnet_wire.errors import DumpError, ValueFormatError
from xnet_wire.value_decoding import decode_exact
from xnet_wire.value_encoding import encode_exact
from xnet_wire.value_types import DEFAULT_STRINGS

#: How deep the decoders compared here let items nest: few levels, so that the limit is met.
DEPTH: Final = 70
_EDGES: Final = [
    sign * 2**bits + more for bits in (3, 5, 8, 16, 32, 63, 64, 80) for sign in (1, -1) for more in (-1, 0, 1)
]
_FLOATS: Final = [0.0, -0.0, 1.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan")]
_LETTERS: Final = "ab\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
#: Heads and tags at which payloads are changed: what differs from a plain item by one byte.
_BYTES: Final = bytes.fromhex("000b17181920373b40575b60777b80979b9fa0b7bbbfc0c2c3d8d9e0f4f5f6f7f8f9fafbff1c")
_HALVES: Final = [
    b"\xf9" + half for half in (b"\x7c\x00", b"\xfc\x00", b"\x7e\x00", b"\x7e\x01", b"\x3c\x00", b"\xfe\x00")
]


class Taken(str):
    """A subclass: no value of the protocol."""

    __slots__ = ()


def make_item(random: Random, levels: int = 6) -> Any:
    """Return an item of the closed set, now and then with something in it that cannot be sent."""
    kind = random.randrange(16 if levels else 9)
    if kind <= 1:
        return random.choice([None, True, False, random.randrange(-30, 300)])
    if kind == 2:
        return random.choice(_EDGES)
    if kind == 3:
        return random.choice(_FLOATS) if random.random() < 0.5 else random.uniform(-1e9, 1e9)
    if kind <= 5:
        return "".join(random.choices(_LETTERS, k=random.choice((0, 1, 3, 23, 24, 40))))
    if kind == 6:
        return random.randbytes(random.choice((0, 1, 23, 24, 255, 256)))
    if kind == 7:
        return complex(random.choice(_FLOATS), random.choice(_FLOATS))
    if kind == 8:
        if random.random() < 0.9:
            return bytearray(b"abc")
        return random.choice([Taken("x"), "\ud800", memoryview(b"view"), object(), Taken])
    members = [
        make_item(random, levels - 1) for _ in range(random.choice((0, 1, 2, 3, 24)) if levels > 4 else 2)
    ]
    if kind <= 11:
        return {
            random.choice(
                ("id", "name", "größe", 1, 2.5, None, b"k", ("a", 1), "a longer key than most")
            ): member
            for member in members
        }
    if kind <= 13:
        return members
    if kind == 14:
        return tuple(members)
    hashable = [member for member in members if _is_hashable(member)]
    return random.choice((set, frozenset))(hashable)


def _is_hashable(member: object) -> bool:
    try:
        hash(member)
    except (TypeError, ValueError):
        return False
    return True


def change(payload: bytes, random: Random) -> bytes:
    """Return a payload with one or two bytes changed, left out or put in."""
    data = bytearray(payload)
    for _ in range(random.randrange(1, 3)):
        at = random.randrange(len(data) + 1)
        choice = random.randrange(6)
        if choice == 0 and at < len(data):
            data[at] = random.choice(_BYTES)
        elif choice == 1 and at < len(data):
            del data[at : at + random.choice((1, 1, 4))]
        elif choice == 2 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif choice == 3:
            data[at:at] = random.choice(_HALVES)
        elif choice == 4:
            data[at:at] = data[at : at + 9]
        else:
            data.insert(at, random.choice(_BYTES))
    return bytes(data)


def outcome(call: Callable[[], Any]) -> Any:
    """Return what came of a call in a form that is equal only if it is the same."""
    try:
        return exactly(call())
    except (DumpError, ValueFormatError) as error:
        return type(error), str(error)


def exactly(item: Any) -> Any:
    """Return a form of an item that is equal only if the items are: by type, bits and order."""
    kind = type(item)
    if kind is float:
        return kind, struct.pack(">d", item)
    if kind is complex:
        return kind, exactly(item.real), exactly(item.imag)
    if kind in (list, tuple):
        return kind, [exactly(member) for member in item]
    if kind is dict:
        return kind, [(exactly(key), exactly(value)) for key, value in item.items()]
    if kind in (set, frozenset):
        return kind, sorted((exactly(member) for member in item), key=repr)
    return kind, item


class _Exact:
    """The exact decoder as the compiled one asks it."""

    def decode(self, payload: bytes, strings: tuple[bool, bool]) -> Any:
        """Decode one item."""
        return decode_exact(payload, DEPTH, strings, None)


def _encode(item: object) -> bytes:
    return encode_exact(item, None, None, DEPTH)


_encoder: Final = Encoder(_encode)
_decoder: Final = Decoder(_Exact(), DEPTH)


def compare(number: int) -> None:
    """Compare one item and what can be made of its bytes.

    Raises:
        AssertionError: The codecs differ.
    """
    random = Random(number)
    item = make_item(random)
    expected = outcome(lambda: _encode(item))
    assert outcome(lambda: _encoder.encode(item)) == expected, (
        f"item {number} is encoded differently: {item!r}"
    )
    payload = expected[1] if expected[0] is bytes else b"\x83\x01\xa1\x61a\xf5\xd9\xe4\x20\x81\x02"
    for data in (payload, change(payload, random), change(payload, random)):
        wanted = outcome(partial(decode_exact, data, DEPTH, DEFAULT_STRINGS, None))
        for form in (data, bytearray(data)):
            got = outcome(partial(_decoder.decode, form))
            assert got == wanted, f"a payload of item {number} is decoded differently: {data.hex()}"


def main(arguments: list[str]) -> int:
    """Compare COUNT items from number FIRST on."""
    count, first = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0
    for number in range(first, first + count):
        compare(number)
    print(f"{count} items and {2 * count} changed payloads: no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
