"""Frames: the header of every message, and the decoder that cuts a byte stream into frames.

A frame is ``type:u8 channel:u32 length:u32 payload``, big endian. This file knows no payload:
what a payload means is decided by ``messages`` and ``values``.
"""

from __future__ import annotations

from _struct import Struct

from xnet_wire import codes
from xnet_wire.errors import FrameError
from xnet_wire.limits import FRAME_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    Frame = tuple[int, int, bytes | bytearray]

STATUS: Final = 0
RECONFIGURE: Final = 1
GATEWAY_TERMINATE: Final = 2
CHANNEL_EXEC: Final = 3
CHANNEL_DATA: Final = 4
CHANNEL_CLOSE: Final = 5
CHANNEL_CLOSE_ERROR: Final = 6
CHANNEL_LAST_MESSAGE: Final = 7
HELLO: Final = 8
CHANNEL_CREDIT: Final = 9
CHANNEL_PART: Final = 10
PING: Final = 11
PONG: Final = 12
INFO: Final = 13
GOAWAY: Final = 14
CHANNEL_BATCH: Final = 15
CHANNEL_OPEN: Final = 16
CHANNEL_CANCEL: Final = 17
#: Reserved: a worker's standard output, for a later minor version.
OUTPUT: Final = 128

#: Name of each frame type, as traces and messages show it.
NAMES: Final[dict[int, str]] = {
    STATUS: "STATUS",
    RECONFIGURE: "RECONFIGURE",
    GATEWAY_TERMINATE: "GATEWAY_TERMINATE",
    CHANNEL_EXEC: "CHANNEL_EXEC",
    CHANNEL_DATA: "CHANNEL_DATA",
    CHANNEL_CLOSE: "CHANNEL_CLOSE",
    CHANNEL_CLOSE_ERROR: "CHANNEL_CLOSE_ERROR",
    CHANNEL_LAST_MESSAGE: "CHANNEL_LAST_MESSAGE",
    HELLO: "HELLO",
    CHANNEL_CREDIT: "CHANNEL_CREDIT",
    CHANNEL_PART: "CHANNEL_PART",
    PING: "PING",
    PONG: "PONG",
    INFO: "INFO",
    GOAWAY: "GOAWAY",
    CHANNEL_BATCH: "CHANNEL_BATCH",
    CHANNEL_OPEN: "CHANNEL_OPEN",
    CHANNEL_CANCEL: "CHANNEL_CANCEL",
    OUTPUT: "OUTPUT",
}

#: A frame of these types is skipped by a peer that does not know it. All others are an error.
IGNORABLE: Final = range(128, 192)

HEADER_BYTES: Final = 9
_HEADER: Final = Struct(">BII")
#: A partly received payload above this gets its own buffer that the shell reads into; below,
#: joining the rest with the next chunk is cheaper than keeping track of a buffer.
OWN_BUFFER_BYTES: Final = 4096
#: Such a buffer begins with this much at most and doubles when it is full: a header alone costs its
#: reader no memory, whatever it claims.
FIRST_BUFFER_BYTES: Final = 65_536
#: How many buffers that were given back are kept, and how large they may be: two, because of the
#: parts of a large item the last has another length.
SPARE_BUFFERS: Final = 2
SPARE_BUFFER_BYTES: Final = 262_144

#: 9 bytes of the header of a frame: type, channel, length of the payload in bytes.
encode_header: Final = _HEADER.pack


def type_name(frame_type: int) -> str:
    """Return the name of a frame type, or ``TYPE_n`` for one without a name."""
    return NAMES.get(frame_type) or f"TYPE_{frame_type}"


class FrameDecoder:
    """Cut a byte stream into frames, however it was split on its way.

    Total: any bytes give frames or a ``FrameError``. Nothing is allocated for a length that a header
    only claims: the memory held is at most 64 KiB, or twice what arrived, and two spare buffers.

    Frames of an ignorable type are returned like any other: a caller that knows the type uses it,
    and a trace shows it (Spec: TR-010); the connection above skips what it does not know.

    Spec: FR-001, FR-002, FR-005, FR-006, FR-010, FR-011, FR-013, FR-016.

    Attributes:
        rest: The beginning of a frame that is not complete yet, unless it has its own buffer.
        big: That buffer, or None: see ``pending_view``.

    Args:
        max_payload_bytes: Largest payload this side announced it takes.
        hello_payload_bytes: The same for every frame up to and with the first HELLO, if that is
            another number: before it, no announced limit counts. Spec: HS-011.

    Threads: the caller serialises.
    """

    __slots__ = (
        "_accepted",
        "_big_head",
        "_error",
        "_filled",
        "_hello_limit",
        "_length",
        "_limit",
        "_spares",
        "big",
        "rest",
    )

    def __init__(self, max_payload_bytes: int = FRAME_BYTES, hello_payload_bytes: int | None = None) -> None:
        self.rest = b""
        self.big: bytearray | None = None
        self._big_head = (0, 0)
        self._length = 0
        self._filled = 0
        self._spares: list[bytearray] = []
        self._error: FrameError | None = None
        self._hello_limit = hello_payload_bytes
        self._limit = max_payload_bytes
        # One look-up answers all questions of the hot loop, "is the type known", "is the length
        # allowed" and "is this the HELLO": what allows less than the empty payload is judged apart.
        self._accepted = _accepted_lengths(max_payload_bytes)
        if hello_payload_bytes is not None:
            self._accepted = _accepted_lengths(hello_payload_bytes)
            self._accepted[HELLO] = -1

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """Take what arrived and return the frames it completes, in order.

        Args:
            data: Any number of bytes; not kept, so a reused receive buffer is fine.

        Returns:
            Complete frames ``(type, channel, payload)``; empty when more bytes are needed.

        Raises:
            FrameError: The peer sent an unknown frame type or claims too long a payload. Its
                ``frames`` are those completed before the fault. Every later call raises it again.
        """
        if self._error is not None:
            raise self._error
        frames: list[Frame] = []
        if self.big is not None:
            data = self._feed_big(data, frames)
        if self.rest:
            data = self.rest + data
            self.rest = b""
        elif type(data) is not bytes:
            # One copy of the chunk is cheaper than a memoryview and a copy for each frame in it.
            data = bytes(data)
        unpack_header = _HEADER.unpack_from
        accepted = self._accepted
        append = frames.append
        start = 0
        end = len(data)
        last_header = end - HEADER_BYTES
        while start <= last_header:
            frame_type, channel, length = unpack_header(data, start)
            if length > accepted[frame_type]:
                accepted = self._judge(frame_type, channel, length, frames)
            body = start + HEADER_BYTES
            start = body + length
            if start > end:
                if length > OWN_BUFFER_BYTES:
                    self._start_big(frame_type, channel, length, data, body)
                    return frames
                start = body - HEADER_BYTES
                break
            append((frame_type, channel, data[body:start]))
        if start < end:
            self.rest = data[start:]
        return frames

    def pending_view(self) -> memoryview | None:
        """Return the unfilled part of a large payload that is partly received.

        The shell may receive straight into it, which saves a copy, and then calls
        ``pending_filled``. It may as well ignore it and call ``feed``.

        Returns:
            A writable view of at least one byte, or None when no such payload is pending.
        """
        if self.big is None:
            return None
        return memoryview(self.big)[self._filled :]

    def pending_filled(self, count: int) -> Frame | None:
        """Note that the first ``count`` bytes of ``pending_view()`` were filled.

        Returns:
            The frame when it is complete now, else None.

        Raises:
            ValueError: Our caller filled nothing that was pending.
        """
        big = self.big
        if big is None or not 0 <= count <= len(big) - self._filled:
            room = 0 if big is None else len(big) - self._filled
            raise ValueError(f"{count} bytes were reported as filled, but {room} bytes are pending")
        self._filled += count
        if self._filled < len(big):
            return None
        if self._filled < self._length:
            # A new one, because the reader may still hold a view of the old one.
            self.big = bytearray(min(self._length, 2 * len(big)))
            self.big[: self._filled] = big
            return None
        self.big = None
        return (*self._big_head, big)

    def recycle(self, payload: bytes | bytearray) -> None:
        """Take back a payload that is no longer used: its memory serves for a later frame."""
        if (
            type(payload) is bytearray
            and len(payload) <= SPARE_BUFFER_BYTES
            and len(self._spares) < SPARE_BUFFERS
        ):
            self._spares.append(payload)

    def eof(self) -> None:
        """Check that the stream ended between two frames.

        Raises:
            FrameError: The peer's stream ended inside a frame (PAYLOAD_MALFORMED).
        """
        if self._error is not None:
            raise self._error
        if self.big is not None:
            frame_type, channel = self._big_head
            missing = self._length - self._filled
            where = (
                f"{type_name(frame_type)} frame on channel {channel}, {missing} bytes of its payload missing"
            )
        elif self.rest:
            where = f"frame of which {len(self.rest)} bytes had arrived"
        else:
            return
        raise FrameError(codes.PAYLOAD_MALFORMED, f"The stream ended inside a {where}.")

    def _feed_big(self, data: bytes | bytearray | memoryview, frames: list[Frame]) -> bytes:
        """Fill the pending large payload from ``data`` and return what is left over."""
        view = memoryview(data)
        while view and (big := self.big) is not None:
            take = min(len(big) - self._filled, len(view))
            # A slice assignment to a bytearray copies a bytes-like right side of other types twice.
            memoryview(big)[self._filled : self._filled + take] = view[:take]
            frame = self.pending_filled(take)
            if frame is not None:
                frames.append(frame)
            view = view[take:]
        return bytes(view)

    def _start_big(self, frame_type: int, channel: int, length: int, data: bytes, body: int) -> None:
        """Give a partly received large payload its own buffer."""
        received = len(data) - body
        for index, spare in enumerate(self._spares):
            if len(spare) == length:
                big = self._spares.pop(index)
                break
        else:
            self._spares.clear()
            big = bytearray(min(length, max(2 * received, FIRST_BUFFER_BYTES)))
        memoryview(big)[:received] = memoryview(data)[body:]
        self.big = big
        self._big_head = (frame_type, channel)
        self._length = length
        self._filled = received

    def _judge(self, frame_type: int, channel: int, length: int, frames: list[Frame]) -> list[int]:
        """Return the lengths accepted from now on, or raise the error for a header and remember it."""
        limit = self._limit if self._hello_limit is None else self._hello_limit
        if frame_type == HELLO and length <= limit:
            # Until the first HELLO this type is not among the accepted ones, so this is that one.
            self._hello_limit = None
            self._accepted = _accepted_lengths(self._limit)
            return self._accepted
        if frame_type in NAMES or frame_type in IGNORABLE:
            error = FrameError(
                codes.FRAME_TOO_LARGE,
                f"A {type_name(frame_type)} frame on channel {channel} claims {length} bytes of payload; "
                f"at most {limit} are accepted here.",
            )
        else:
            error = FrameError(
                codes.FRAME_UNKNOWN_TYPE,
                f"Frame type {frame_type} (channel {channel}, {length} bytes) is not known here "
                f"and is not one of the ignorable types {IGNORABLE.start} to {IGNORABLE.stop - 1}.",
            )
        error.frames = frames
        self._error = error
        raise error


def _accepted_lengths(limit: int) -> list[int]:
    """Return the largest length for each type; for an unknown one less than that of no payload."""
    return [limit if t in NAMES or t in IGNORABLE else -1 for t in range(256)]
