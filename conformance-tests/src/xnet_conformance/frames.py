"""Frames: nine bytes of header and a payload. Spec: FR-001."""

from __future__ import annotations

import struct
from typing import Final

import attrs

from xnet_conformance.specification import FRAME_CODES, FRAME_NAMES

PREAMBLE: Final = b"\x89XNET\r\n\x1a\n"
HEADER: Final = struct.Struct(">BII")
ITEM_OVERHEAD: Final = 64


@attrs.frozen
class Frame:
    """One frame, complete.

    Attributes:
        exact: The payload is to be sent as it is, also where a legacy testee takes another form.
    """

    type: int
    channel: int
    payload: bytes = b""
    exact: bool = attrs.field(default=False, eq=False)

    @property
    def name(self) -> str:
        """Its name in the registry, or ``TYPE_n``."""
        return FRAME_NAMES.get(self.type, f"TYPE_{self.type}")

    def encode(self) -> bytes:
        """Return its bytes."""
        return HEADER.pack(self.type, self.channel, len(self.payload)) + self.payload


def frame(name: str, channel: int = 0, payload: bytes = b"") -> Frame:
    """Make a frame of a named type."""
    return Frame(FRAME_CODES[name], channel, payload)


class TooLong(Exception):
    """A header claims more than the limit that was announced."""


class FrameCutter:
    """Cuts a stream into frames."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, return the frames they complete.

        Raises:
            TooLong: Someone announced a payload above the limit.
        """
        self._data += data
        frames = []
        at = 0
        while len(self._data) - at >= HEADER.size:
            kind, channel, length = HEADER.unpack_from(self._data, at)
            if length > self.limit_bytes:
                raise TooLong(
                    f"a frame of type {kind} with {length} bytes; {self.limit_bytes} were announced"
                )
            if len(self._data) - at < HEADER.size + length:
                break
            start = at + HEADER.size
            frames.append(Frame(kind, channel, bytes(self._data[start : start + length])))
            at = start + length
        del self._data[:at]
        return frames

    @property
    def pending_bytes(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._data)
