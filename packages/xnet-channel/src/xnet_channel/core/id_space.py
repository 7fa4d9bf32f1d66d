"""Which channel ids of the peer have been seen, in little memory.

A channel that was closed must not come back to life because a reference to it was still in
flight: somebody would wait on it for ever. So a connection has to remember every id that was ever
open. Ids ascend, but two threads of the peer may send theirs in the other order, so the memory is
"all ids up to the highest, except these gaps".

Spec: CH, "Channel ids".
"""

from __future__ import annotations

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

    __slots__ = ("_gaps", "_next", "_parity")

    def __init__(self, first: int) -> None:
        """Start with no id seen.

        Args:
            first: The lowest id of this parity, 1 or 2.
        """
        self._parity = first % STRIDE
        self._next = first
        self._gaps: dict[int, int] = {}  # low -> high, both inclusive, both of our parity

    def owns(self, id_: int) -> bool:
        """Return whether the id has this parity."""
        return id_ % STRIDE == self._parity

    def seen(self, id_: int) -> bool:
        """Return whether the id was marked before."""
        if id_ >= self._next:
            return False
        return not any(low <= id_ <= high for low, high in self._gaps.items())

    def mark(self, id_: int) -> None:
        """Remember the id.

        Raises:
            RemoteProtocolError: LIMIT_EXCEEDED, the peer skips ids all over the place.
        """
        if id_ >= self._next:
            if id_ > self._next:
                self._add_gap(self._next, id_ - STRIDE)
            self._next = id_ + STRIDE
            return
        for low, high in self._gaps.items():
            if low <= id_ <= high:
                del self._gaps[low]
                if low < id_:
                    self._add_gap(low, id_ - STRIDE)
                if id_ < high:
                    self._add_gap(id_ + STRIDE, high)
                return

    def _add_gap(self, low: int, high: int) -> None:
        if len(self._gaps) >= MAX_GAPS:
            raise RemoteProtocolError(
                codes.LIMIT_EXCEEDED,
                f"the peer's channel ids leave more than {MAX_GAPS} gaps; ids must ascend",
            )
        self._gaps[low] = high
