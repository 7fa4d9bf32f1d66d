"""Lists of chunks: a file cut where its content says so, so that only what is new in it has to travel.

The cutting itself is in ``receiver.cuts``, which both sides use; the sender's may be compiled.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from hashlib import sha256
from itertools import pairwise

from xnet_rsync import messages
from xnet_rsync.compression import compress
from xnet_rsync.receiver import cuts
from xnet_rsync.receiver.cuts import LEVELS
from xnet_wire import speedups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Final

    Buffer = bytes | memoryview

#: Square roots of sizes between which a level is the best one.
_BOUNDS: Final = tuple((one[1] * other[1]) ** 0.5 for one, other in pairwise(LEVELS))


def choose_level(size: int) -> int:
    """Return how finely a file is cut. Spec: RS-051.

    The list grows with the number of chunks, and what travels for a small change with their size; both
    together are least near the square root.
    """
    return bisect_left(_BOUNDS, size**0.5)


def cut(read: Callable[[int, int], bytes], start: int, end: int, level: int) -> Iterator[tuple[int, Buffer]]:
    """Yield the chunks of a range of a file, as ``receiver.cuts.cut`` does, compiled where that is here."""
    if speedups.module is None:
        return cuts.cut(read, start, end, level)  # type: ignore[no-any-return]
    from xnet_speedups import chunks

    return chunks.cut(read, start, end, LEVELS[level], cuts.WEAK_MARKER)


class ChunkList:
    """The chunks of a file.

    Attributes:
        level: How it was cut.
        lengths: Of each chunk; 0 for a hole.
        offsets: Of each in the file, and at last the file's size.
        digest: Over all of them. Spec: RS-054.
    """

    __slots__ = ("_marks", "digest", "lengths", "level", "offsets")

    def __init__(
        self,
        read: Callable[[int, int], bytes],
        ranges: Iterable[tuple[int, int]],
        size: int,
        level: int | None = None,
    ) -> None:
        """Cut a file.

        Args:
            read: Called with a number of bytes and an offset.
            ranges: Where it has data: start and end.
            size: Of the file.
            level: How finely; by default what its size suggests.
        """
        self.level = choose_level(size) if level is None else level
        self.lengths = array("I")
        self.offsets = array("Q")
        self._marks = bytearray()
        digest = sha256()
        at = 0
        for start, end in ranges:
            if start != at:
                digest.update(self._add_hole(at, start - at))
            for offset, chunk in cut(read, start, end, self.level):
                marked = sha256(chunk).digest()
                digest.update(marked)
                self.lengths.append(len(chunk))
                self.offsets.append(offset)
                self._marks += marked[:6]
            at = end
        if at != size:
            digest.update(self._add_hole(at, size - at))
        self.offsets.append(size)
        self.digest = digest.digest()

    def messages(self, number: int, method: int) -> Iterator[list[object]]:
        """Yield the messages that list them. Spec: RS-052."""
        step = messages.MOST_RECORDS_AT_ONCE
        for first in range(0, len(self.lengths), step):
            last = first + step
            table = messages.encode_records(self.lengths[first:last], self._marks[6 * first : 6 * last])
            digest = self.digest if last >= len(self.lengths) else None
            compression, packed = compress(table, method)
            yield ["chunks", number, self.level, first, compression, len(table), packed, digest]

    def spans(self, ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where in the file ranges of chunks are: start and end of each."""
        return [(self.offsets[first], self.offsets[first + count]) for first, count in ranges]

    def _add_hole(self, offset: int, size: int) -> bytes:
        self.lengths.append(0)
        self.offsets.append(offset)
        length = struct.pack(">Q", size)
        self._marks += length[2:]
        return length
