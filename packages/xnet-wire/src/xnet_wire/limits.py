"""Limits of the protocol: what is announced in HELLO, and what is fixed.

Every limit exists so that a peer cannot make this side spend memory that it has not earned by
sending bytes. The ones in ``Limits`` are announced; a peer obeys what the *other* side announced.

Spec: 85-limits.md (LI-001 to LI-005).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Largest payload of one frame. Precedents: HTTP/2 16 KiB to 16 MiB, yamux 256 KiB.
FRAME_BYTES: Final = 1_048_576
#: No peer may announce less than this: HELLO itself must fit.
MIN_FRAME_BYTES: Final = 65_536
#: Largest item, the sum of its parts.
ITEM_BYTES: Final = 2_147_483_647
#: Deepest nesting: each array, map and tag around a data item counts one.
DEPTH: Final = 512
#: No peer may announce less.
MIN_DEPTH: Final = 64
#: Deepest nesting of a control payload, whatever was announced. Spec: FR-015.
CONTROL_DEPTH: Final = 64
#: Channels that the peer may have open at once.
CHANNELS: Final = 65_536
#: Window of a channel: bytes that may be on their way or unread.
CREDIT_BYTES: Final = 1_048_576
#: No peer may announce less.
MIN_CREDIT_BYTES: Final = 65_536
#: Credit above this is an overflow, however it came together.
MAX_CREDIT_BYTES: Final = 2**31 - 1
#: What one item costs beyond its length, so that a million empty items are not free.
ITEM_COST_BYTES: Final = 64
#: A large item travels in parts of at most this, so that it cannot hold up other channels.
PART_BYTES: Final = 262_144
#: Output of login shells and site hooks that is skipped in front of the preamble.
NOISE_BYTES: Final = 65_536
#: Largest HELLO payload.
HELLO_BYTES: Final = 65_536
#: Largest text of a GOAWAY frame, in UTF-8.
GOAWAY_TEXT_BYTES: Final = 4_096
#: Largest payload of a CHANNEL_CLOSE_ERROR frame.
ERROR_TEXT_BYTES: Final = 65_536
#: Largest payload of PING and PONG.
PING_BYTES: Final = 64
#: Largest channel id.
MAX_CHANNEL_ID: Final = 2**32 - 1


class Limits:
    """The limits a side announces in its HELLO.

    Args:
        frame: Largest frame payload it takes, in bytes.
        item: Largest item it takes, in bytes, summed over its parts.
        depth: Deepest nesting it takes, in arrays, maps and tags around a data item.
        channels: How many channels the peer may have open at once.
    """

    __slots__ = ("channels", "depth", "frame", "item")

    def __init__(
        self, frame: int = FRAME_BYTES, item: int = ITEM_BYTES, depth: int = DEPTH, channels: int = CHANNELS
    ) -> None:
        self.frame = frame
        self.item = item
        self.depth = depth
        self.channels = channels

    def __eq__(self, other: object) -> bool:
        """Compare the four numbers."""
        if not isinstance(other, Limits):
            return NotImplemented
        return self.as_map() == other.as_map()

    def __hash__(self) -> int:
        """Hash the four numbers."""
        return hash((self.frame, self.item, self.depth, self.channels))

    def __repr__(self) -> str:
        """Show the four numbers by name."""
        return f"Limits(frame={self.frame}, item={self.item}, depth={self.depth}, channels={self.channels})"

    def as_map(self) -> dict[str, int]:
        """Return the map that HELLO carries under ``"limits"``."""
        return {"frame": self.frame, "item": self.item, "depth": self.depth, "channels": self.channels}
