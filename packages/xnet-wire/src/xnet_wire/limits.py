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
#: What one connection may make this side keep: by default nothing but the windows bounds it.
UNLIMITED_BYTES: Final = 2**64 - 1
#: What an initiator takes unless told otherwise. It trusts no worker with all of its memory; a worker
#: trusts its initiator with everything, and announces no such limit.
INITIATOR_MEMORY_BYTES: Final = 536_870_912
#: No peer may announce less: the smallest window must fit.
MIN_MEMORY_BYTES: Final = 65_536
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
#: Output of login shells and site hooks that is skipped before the preamble.
NOISE_BYTES: Final = 65_536
#: Largest HELLO payload.
HELLO_BYTES: Final = 65_536
#: Largest text of a GOAWAY frame, in UTF-8.
GOAWAY_TEXT_BYTES: Final = 4_096
#: Largest payload of a CHANNEL_CLOSE_ERROR frame.
CHANNEL_ERROR_BYTES: Final = 65_536
#: Largest payload of PING and PONG.
PING_BYTES: Final = 64
#: Longest time that a GATEWAY_TERMINATE gives, in milliseconds: a day.
TERMINATE_MS: Final = 86_400_000
#: Largest channel id.
MAX_CHANNEL_ID: Final = 2**32 - 1


def window_for(memory_bytes: int) -> int:
    """Return the window to announce along with a limit for the memory of the whole connection."""
    return min(CREDIT_BYTES, max(MIN_CREDIT_BYTES, memory_bytes // 4))


class Limits:
    """The limits a side announces in its HELLO.

    Args:
        frame: Largest frame payload it takes, in bytes, at least 65,536.
        item: Largest item it takes, in bytes, summed over its parts, at least 1; lower where its cost
            would not fit into ``memory``.
        depth: Deepest nesting it takes, in arrays, maps and tags around a data item, at least 64.
        channels: How many channels the peer may have open at once, at least 1.
        memory: What the peer can make it keep, in bytes, over all channels: unread items, and items that
            are not complete; at least 65,536.

    Raises:
        ValueError: A number is below its minimum (our caller's fault).
    """

    __slots__ = ("channels", "depth", "frame", "item", "memory")

    #: The names, as in HELLO, each with the least that may be announced. Spec: LI-001.
    MINIMA: Final = {
        "frame": MIN_FRAME_BYTES,
        "item": 1,
        "depth": MIN_DEPTH,
        "channels": 1,
        "memory": MIN_MEMORY_BYTES,
    }

    def __init__(
        self,
        frame: int = FRAME_BYTES,
        item: int = ITEM_BYTES,
        depth: int = DEPTH,
        channels: int = CHANNELS,
        memory: int = UNLIMITED_BYTES,
    ) -> None:
        self.frame = frame
        # The cost of an item must fit, too. Spec: LI-011
        self.item = min(item, max(1, memory - ITEM_COST_BYTES))
        self.depth = depth
        self.channels = channels
        self.memory = memory
        for name, minimum in self.MINIMA.items():
            value = getattr(self, name)
            if type(value) is not int or not minimum <= value <= UNLIMITED_BYTES:
                raise ValueError(f"limits: {name} is {value!r}, expected a number of at least {minimum}")

    @classmethod
    def of_initiator(cls) -> Limits:
        """Return what an initiator announces unless its user says otherwise: 512 MiB of memory."""
        return cls(memory=INITIATOR_MEMORY_BYTES)

    @classmethod
    def distrusted(cls) -> Limits:
        """Return limits for a peer that may be hostile: 16 MiB of memory, 256 channels, 128 levels."""
        return cls(frame=262_144, item=8_388_608, depth=128, channels=256, memory=16_777_216)

    @classmethod
    def parse(cls, text: str) -> Limits:
        """Return what the text of a specification means.

        Args:
            text: ``distrusted``, or numbers by name with commas between: ``memory:1073741824,channels:100``;
                what is not named is what an initiator announces otherwise.

        Raises:
            ValueError: It is neither (our caller's fault); the text says what was expected.
        """
        if text == "distrusted":
            return cls.distrusted()
        given: dict[str, int] = {}
        for word in text.split(","):
            name, _, number = word.partition(":")
            if name not in cls.MINIMA or name in given or not (number.isascii() and number.isdecimal()):
                raise ValueError(
                    f"limits={text}: {word!r} was not expected; write limits=distrusted, or numbers such as "
                    f"limits=memory:1073741824,item:1048576 (names: {', '.join(cls.MINIMA)})"
                )
            given[name] = int(number)
        return cls(**{"memory": max(INITIATOR_MEMORY_BYTES, given.get("item", 0)), **given})

    def __eq__(self, other: object) -> bool:
        """Compare the numbers."""
        if not isinstance(other, Limits):
            return NotImplemented
        return self._numbers() == other._numbers()

    def __hash__(self) -> int:
        """Hash the numbers."""
        return hash(tuple(self._numbers().values()))

    def __repr__(self) -> str:
        """Show the numbers by name."""
        return f"Limits({', '.join(f'{name}={number}' for name, number in self.as_map().items())})"

    def as_map(self) -> dict[str, int]:
        """Return the map that HELLO carries under ``"limits"``; ``memory`` only if there is a limit."""
        numbers = self._numbers()
        if self.memory == UNLIMITED_BYTES:
            del numbers["memory"]
        return numbers

    def _numbers(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.MINIMA}
