"""Frames on their way out: encoded, traced, and waiting for the driver of the core to write them."""

from __future__ import annotations

from xnet_wire.frames import HEADER_BYTES, encode_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    #: Called with (frame type, channel id, payload length) for each frame.
    FrameTrace = Callable[[int, int, int], None]
    Buffer = bytes | bytearray | memoryview

#: Payloads below this are copied after their header: one small copy is cheaper than a second
#: element in the vector of the write call.
COPY_BELOW_BYTES: Final = 16_384


class Outgoing:
    """The queue of buffers to write, in order.

    Attributes:
        buffers: The queue, in order. A shell that writes it puts an empty list in its place.
        queued_bytes: Total of everything ever queued. With the count of what was written, a
            thread knows whether its own frame has left.
        trace: Called for each frame if tracing is on, else None.
    """

    __slots__ = ("buffers", "queued_bytes", "trace")

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.queued_bytes = 0
        self.trace: FrameTrace | None = None

    def frame(self, frame_type: int, channel: int, payload: Buffer = b"") -> None:
        """Queue one frame. The payload is not copied if it is large: it must not change."""
        length = len(payload)
        if self.trace is not None:
            self.trace(frame_type, channel, length)
        header = encode_header(frame_type, channel, length)
        if length < COPY_BELOW_BYTES:
            self.buffers.append(header + payload)
        else:
            self.buffers += (header, payload)
        self.queued_bytes += HEADER_BYTES + length

    def raw(self, data: bytes) -> None:
        """Queue bytes that are not a frame: the preamble."""
        self.buffers.append(data)
        self.queued_bytes += len(data)

    def take(self) -> list[Buffer]:
        """Return the queue and empty it."""
        buffers, self.buffers = self.buffers, []
        return buffers
