"""Cutting files for rsync: reads, and leaves finding the cuts to the compiled part."""

from __future__ import annotations

from xnet_speedups._chunks import find_cuts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Final

    #: Least size, usual size, marker, bits of the checksum behind a marker and behind a weak one.
    Level = tuple[int, int, bytes, int, int]

#: How much is read at a time.
READ_BYTES: Final = 4 * 1024 * 1024


def cut(
    read: Callable[[int, int], bytes], start: int, end: int, level: Level, weak_marker: bytes
) -> Iterator[tuple[int, memoryview]]:
    """Yield the chunks of a range of a file: where each begins, and its bytes.

    Args:
        read: Called with a number of bytes and an offset; returns less only at the end of the file.
        start: Where the range begins.
        end: Where it ends.
        level: The row of the table of levels.
        weak_marker: The marker of rule 2.
    """
    least, usual, marker, bits, weak_bits = level
    most = 4 * usual
    data = b""
    origin = start
    ended = start >= end
    while not ended:
        more = read(min(max(READ_BYTES, 2 * most), end - origin - len(data)), origin + len(data))
        data += more
        ended = not more or origin + len(data) >= end
        view = memoryview(data)
        at = 0
        for following in find_cuts(view, least, most, (marker, bits), (weak_marker, weak_bits), ended):
            yield origin + at, view[at:following]
            at = following
        data = data[at:]
        origin += at
