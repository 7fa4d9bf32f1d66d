"""What the peer makes this side keep, counted over all channels of a connection.

Credit bounds each channel; a peer may open many, and credit is given back early where bounding could
deadlock. So everything that arrived and that the application has not taken is counted here as well, and
there is a limit for it. The frame that would go beyond closes its channel, and no more than that.

Counted is what frames cost, which for strings is what they take. Small values take a multiple of their
bytes once they are decoded. That is looked at only when much is kept already, since it costs time.

Spec: LI-011 to LI-013.
"""

from __future__ import annotations

from sys import getsizeof

from xnet_wire.value_memory import MOST_FOR_A_BYTE, decoded_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

#: Above this share of the limit the size of decoded items is measured. Below, it is not worth the time: items
#: take at most ``MOST_FOR_A_BYTE`` times their bytes, so all of them take little more than the limit.
MEASURED_SHARE: Final = 1 / 64
#: What takes no memory of its own.
_SHARED: Final = frozenset({type(None), bool})
_CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})
_SCALARS: Final = frozenset({int, float, complex, str, bytes})
#: Memory of a channel made by a reference, with everything that belongs to it.
CHANNEL_BYTES: Final = 1_536


class MemoryLimitReached(Exception):
    """What arrived is too much to be kept. The text is for both sides; their channel is closed with it."""


class Account:
    """The count of one connection.

    Attributes:
        kept_bytes: What is kept now.
        limit_bytes: The most that is kept: ``limits.memory`` of our HELLO.
        measured_from_bytes: Items that arrive when more than this is kept are measured.
        scanned_from_bytes: Items with more bytes than this are looked at before they are decoded.

    Threads: the caller serialises.
    """

    __slots__ = ("kept_bytes", "limit_bytes", "measured_from_bytes", "scanned_from_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self.kept_bytes = 0
        self.limit_bytes = limit_bytes
        self.measured_from_bytes = int(limit_bytes * MEASURED_SHARE)
        self.scanned_from_bytes = limit_bytes // MOST_FOR_A_BYTE

    def refuse(self, more_bytes: int) -> MemoryLimitReached:
        """Return the error for something that is too much."""
        return MemoryLimitReached(
            f"{more_bytes} bytes more than the {self.kept_bytes} that wait on this connection would be"
            f" above limits.memory, {self.limit_bytes} bytes for all its channels: receive items sooner, or"
            " have the receiver announce more (limits=memory:BYTES in a gateway's specification)"
        )

    def check_decoded(self, payload: bytes | bytearray, kept_bytes: int) -> None:
        """Look before decoding whether an item would become too large. Spec: LI-012.

        Args:
            payload: The CBOR of the item or batch.
            kept_bytes: What it stands for in the count now; taken out again if it is refused.

        Raises:
            MemoryLimitReached: It would.
        """
        room_bytes = self.limit_bytes - self.kept_bytes + kept_bytes
        if len(payload) <= self.scanned_from_bytes:
            return
        size_bytes = decoded_bytes(payload, room_bytes)
        if size_bytes > room_bytes:
            self.kept_bytes -= kept_bytes
            raise self.refuse(size_bytes)

    def keep_measured(self, item: Any, kept_bytes: int) -> int:
        """Count what an item takes now that it is decoded.

        Args:
            item: The item, or the list of those of a batch.
            kept_bytes: What it stands for in the count now; taken out again if it is refused.

        Returns:
            What it stands for from now on.

        Raises:
            MemoryLimitReached: It is too much.
        """
        more_bytes = measure(item) - kept_bytes
        if more_bytes <= 0:
            return kept_bytes
        if self.kept_bytes + more_bytes > self.limit_bytes:
            self.kept_bytes -= kept_bytes
            raise self.refuse(more_bytes + kept_bytes)
        self.kept_bytes += more_bytes
        return kept_bytes + more_bytes


def measure(item: Any) -> int:
    """Return how many bytes of memory an item takes, roughly: a part that occurs twice counts twice."""
    size = 0
    pending = [item]
    while pending:
        one = pending.pop()
        kind = type(one)
        if kind in _SHARED:
            continue
        if kind in _CONTAINERS:
            pending.extend(one)
            if kind is dict:
                pending.extend(one.values())
        elif kind not in _SCALARS:
            size += CHANNEL_BYTES
        size += getsizeof(one)
    return size
