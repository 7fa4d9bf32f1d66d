"""Where contents are cut into chunks, and contents that tell a right row of the table from a wrong one."""

from __future__ import annotations

import functools
import hashlib
import itertools
import zlib
from typing import Final

#: Level -> least, usual, marker, bits, weak bits. Spec: RS-050.
LEVELS: Final = {
    0: (256, 1280, b"\1\0\3\0", 2, 4),
    1: (1024, 2048, b"\1\0\3\0", 2, 4),
    2: (1024, 5120, b"\1\0\3\0\0", 2, 6),
    3: (4096, 8192, b"\1\0\3\0\0", 2, 6),
    4: (4096, 20480, b"\1\0\3\0\0", 4, 8),
    5: (16384, 32768, b"\1\0\3\0\0", 4, 8),
    6: (16384, 81920, b"\1\0\3\0\0", 6, 10),
    7: (65536, 131072, b"\1\0\3\0\0", 6, 10),
    8: (65536, 327680, b"\1\0\3\0\0", 8, 12),
    9: (262144, 524288, b"\1\0\3\0\0", 8, 12),
    10: (1048576, 2097152, b"\1\0\3\0\0", 10, 14),
}
_WEAK_MARKER: Final = b"\1\0\3"
_WINDOW: Final = 32
_SYMBOLS: Final = bytes(byte & 3 for byte in range(256))
#: Bytes that occur in no marker.
_FILLER: Final = bytes(byte & 0xFC | 2 for byte in range(256))


def noise(size: int, seed: int = 1) -> bytes:
    """Return so many bytes that repeat nowhere, the same for a seed each time."""
    return hashlib.shake_128(b"%d" % seed).digest(size)


def cut(data: bytes, level: int) -> list[bytes]:
    """Return the chunks of a range. Spec: RS-050."""
    least, usual, marker, bits, weak_bits = LEVELS[level]
    symbols = data.translate(_SYMBOLS)
    chunks = []
    at = 0
    while at < len(data):
        end = min(at + 4 * usual, len(data))
        found = _first(data, symbols, at + least, end, marker, bits)
        if found is None:
            found = _first(data, symbols, at + least, end, _WEAK_MARKER, weak_bits)
        chunks.append(data[at : found or end])
        at = found or end
    return chunks


def _first(data: bytes, symbols: bytes, lowest: int, end: int, marker: bytes, bits: int) -> int | None:
    """Return the first place from `lowest` to `end` that a rule allows."""
    at = symbols.find(marker, lowest - len(marker), end)
    while at >= 0:
        place = at + len(marker)
        if not zlib.crc32(data[place - _WINDOW : place]) & ((1 << bits) - 1):
            return place
        at = symbols.find(marker, at + 1, end)
    return None


@functools.cache
def telling(level: int) -> tuple[bytes, bytes]:
    """Return a content, and one in which its chunks are found by the right row of the table only.

    Every number of the row decides a cut in it: a receiver that has another does not find all of them. In
    front of each there is something else, so that none is found by its distance from another.
    """
    least, usual, marker, bits, weak_bits = LEVELS[level]
    most, weak = 4 * usual, least + 256
    size = least + most + most + 40 + most + least + 300
    content = bytearray(noise(size, level).translate(_FILLER))
    at = 0

    def put(offset: int, symbols: bytes, low: int, *, right: bool = True) -> None:
        end = at + offset
        content[end - _WINDOW : end] = _window(symbols, low, right=right)

    put(least - _WINDOW, marker, bits)  # too early
    put(least, marker, bits)
    at += least
    put(least + 64, _WEAK_MARKER, weak_bits)  # rule 1 goes first
    put(most, marker, bits)
    at += most
    put(least + 64, marker, bits, right=False)
    put(least + 128, _WEAK_MARKER, weak_bits, right=False)
    put(weak, _WEAK_MARKER, weak_bits)
    put(most + 40, marker, bits)  # too late for this chunk: that of the next
    at += most + 40 + most
    put(least - _WINDOW, _WEAK_MARKER, weak_bits)  # too early for rule 2, too
    put(least, _WEAK_MARKER, weak_bits)
    put(least + 64, _WEAK_MARKER, weak_bits)  # not the first that rule 2 allows
    lengths = [least, most, weak, most + 40 - weak, most, least, 300]
    chunks = cut(bytes(content), level)
    fronts = [_front(level, seed) for seed in range(5)]
    # Behind the third nothing may come to its end before rule 1 has given up.
    fronts.insert(3, noise(most, level + 300).translate(_FILLER))
    base = b"".join(part for pair in zip(fronts, chunks, strict=False) for part in pair) + chunks[-1]
    if [len(chunk) for chunk in chunks] != lengths or not set(chunks) <= set(cut(base, level)):
        raise AssertionError(f"the content for level {level} is not cut as it was made")
    return bytes(content), base


def _front(level: int, seed: int) -> bytes:
    """Return one chunk that is not in the content."""
    least, _, marker, bits, _ = LEVELS[level]
    filler = noise(least + 100, level + 100 * seed + 1000).translate(_FILLER)
    return filler[:-_WINDOW] + _window(marker, bits, right=True)


def _window(marker: bytes, bits: int, *, right: bool) -> bytes:
    """Return the bytes before a cut; or, if it is not right, before a place where one bit forbids it.

    Of the checksum of a right one the bit above those that count is 1.
    """
    mask, value = ((2 << bits) - 1, 1 << bits) if right else ((1 << bits) - 1, 1 << (bits - 1))
    for number in itertools.count():
        data = bytearray(noise(_WINDOW, 1_000_000 + number).translate(_FILLER))
        for place, symbol in enumerate(marker, _WINDOW - len(marker)):
            data[place] = data[place] & 0xFC | symbol
        if zlib.crc32(data) & mask == value:
            return bytes(data)
    raise AssertionError
