"""Which channel ids of the peer have been seen, in little memory.

A channel that was closed must not come back to life because a reference to it was still in
flight: somebody would wait on it for ever. So a connection has to remember every id that was ever
open. Ids ascend, but two threads of the peer may send theirs in the other order, so the memory is
"all ids up to the highest, except these gaps".

Spec: CH-002, CH-006, CH-007.
"""

from __future__ import annotations

from bisect import bisect_right

from xnet_channel.core.errors import RemoteProtocolError
from xnet_wire import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: More gaps than this are not two threads racing but an attempt to make us remember.
MAX_GAPS: Final = 65_536

#: Every second number belongs to the peer: initiator ids are odd, worker ids even.
STRIDE: Final = 2


class IdSpace:
    """The ids of one parity that have been open at some time."""

    __slots__ = ("_highs", "_lows", "_next", "_parity")

    def __init__(self, first: int) -> None:
        """Start with no id seen.

        Args:
            first: The lowest id of this parity, 1 or 2.
        """
        self._parity = first % STRIDE
        self._next = first
        # The gaps, ascending: both ends inclusive, both of our parity. Searched by halving: a peer
        # that leaves every gap it may could else have us look through all of them for each of the
        # references in an item.
        self._lows: list[int] = []
        self._highs: list[int] = []

    def owns(self, id_: int) -> bool:
        """Return whether the id has this parity."""
        return id_ % STRIDE == self._parity

    def seen(self, id_: int) -> bool:
        """Return whether the id was marked before."""
        return id_ < self._next and self._gap(id_) is None

    def mark(self, id_: int) -> None:
        """Remember the id.

        Raises:
            RemoteProtocolError: LIMIT_EXCEEDED, the peer skips ids all over the place.
        """
        if id_ >= self._next:
            if id_ > self._next:
                self._insert_gap(len(self._lows), self._next, id_ - STRIDE)
            self._next = id_ + STRIDE
            return
        at = self._gap(id_)
        if at is None:
            return
        low, high = self._lows[at], self._highs[at]
        if low < id_ < high:
            self._highs[at] = id_ - STRIDE
            self._insert_gap(at + 1, id_ + STRIDE, high)
        elif low < id_:
            self._highs[at] = id_ - STRIDE
        elif id_ < high:
            self._lows[at] = id_ + STRIDE
        else:
            del self._lows[at], self._highs[at]

    def _gap(self, id_: int) -> int | None:
        """Return which gap the id is in, or None."""
        at = bisect_right(self._lows, id_) - 1
        return at if at >= 0 and id_ <= self._highs[at] else None

    def _insert_gap(self, at: int, low: int, high: int) -> None:
        if len(self._lows) >= MAX_GAPS:
            raise RemoteProtocolError(
                codes.LIMIT_EXCEEDED,
                f"the channel ids up to {self._next} leave more than {MAX_GAPS} gaps; ids must ascend",
            )
        self._lows.insert(at, low)
        self._highs.insert(at, high)
