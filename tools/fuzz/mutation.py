"""Changes to a recorded stream: to its bytes, its frames, and their contents."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from struct import Struct
from typing import Final

HEADER: Final = Struct(">BII")
PREAMBLE: Final = b"\x89XNET\r\n\x1a\n"
#: Numbers that are likely to be at the edge of something.
EDGES: Final = (0, 1, 2, 3, 4, 23, 24, 64, 255, 256, 65_535, 65_536, 1_048_576, 2**31 - 1, 2**31, 2**32 - 1)
#: Heads that begin a value: each major type in its shortest and its longest forms, and reserved ones.
HEADS: Final = bytes(major << 5 | info for major in range(8) for info in (0, 1, 23, 24, 25, 26, 27, 28, 31))


def cut(stream: bytes) -> tuple[bytes, list[bytes]]:
    """Return what comes before the first frame, and the frames with their headers."""
    start = stream.find(PREAMBLE)
    at = start + len(PREAMBLE) if start >= 0 else 0
    before = stream[:at]
    frames = []
    while at + HEADER.size <= len(stream):
        size = HEADER.unpack_from(stream, at)[2]
        frames.append(stream[at : at + HEADER.size + size])
        at += HEADER.size + size
    return before, frames


class Mutator:
    """Makes changed streams out of recorded ones; the same ones for the same seed."""

    def __init__(self, streams: Sequence[bytes]) -> None:
        self._streams = [cut(stream) for stream in streams]
        self._all = [frame for _, frames in self._streams for frame in frames]

    def make(self, seed: int) -> tuple[bytes, list[int]]:
        """Return a stream and where reads split it."""
        random = Random(seed)
        before, frames = random.choice(self._streams)
        frames = list(frames)
        # Long conversations are cut: what comes after a broken rule is not looked at any more.
        del frames[random.randint(3, 60) :]
        for _ in range(random.choice((0, 1, 1, 2, 3, 8))):
            self._change_frames(random, frames)
        stream = bytearray(before + b"".join(frames))
        for _ in range(random.choice((0, 0, 0, 1, 2))):
            self._change_bytes(random, stream)
        splits = sorted(random.randint(0, len(stream)) for _ in range(random.choice((0, 1, 5, 30))))
        return bytes(stream), splits

    def _change_frames(self, random: Random, frames: list[bytes]) -> None:
        at = random.randrange(len(frames)) if frames else 0
        kind = random.randrange(9)
        if not frames or kind == 0:
            frames.insert(at, random.choice(self._all))
        elif kind == 1:
            del frames[at]
        elif kind == 2:
            frames.insert(at, frames[at])
        elif kind == 3:
            other = random.randrange(len(frames))
            frames[at], frames[other] = frames[other], frames[at]
        elif kind == 4:
            frame_type, _, size = HEADER.unpack_from(frames[at])
            channel = random.choice((*EDGES, random.randrange(20)))
            frames[at] = HEADER.pack(frame_type, channel, size) + frames[at][HEADER.size :]
        elif kind == 5:
            frame_type = random.choice((random.randrange(20), random.randrange(256)))
            frames[at] = bytes((frame_type,)) + frames[at][1:]
        elif kind == 6:
            frame_type, channel, _ = HEADER.unpack_from(frames[at])
            payload = self._change_payload(random, frames[at][HEADER.size :])
            frames[at] = HEADER.pack(frame_type, channel, len(payload)) + payload
        elif kind == 7:
            frame_type, channel, _ = HEADER.unpack_from(frames[at])
            payload = random.choice(self._all)[HEADER.size :]
            frames[at] = HEADER.pack(frame_type, channel, len(payload)) + payload
        else:
            frame_type, channel, _ = HEADER.unpack_from(frames[at])
            frames[at] = HEADER.pack(frame_type, channel, random.choice(EDGES)) + frames[at][HEADER.size :]

    @staticmethod
    def _change_payload(random: Random, payload: bytes) -> bytes:
        data = bytearray(payload)
        at = random.randint(0, len(data))
        kind = random.randrange(6)
        if kind == 0:
            data[at : at + 1] = bytes((random.choice(HEADS),))
        elif kind == 1:
            data.insert(at, random.choice(HEADS))
        elif kind == 2:
            del data[at : at + random.randint(1, 9)]
        elif kind == 3:
            data[at:at] = data[at : at + random.randint(1, 99)] * random.choice((1, 2, 50))
        elif kind == 4:
            del data[at:]
        else:
            # Nested deeply, or claiming a lot.
            data[at:at] = random.choice(
                (b"\x81" * 600, b"\xd9\xe4\x20" * 300, b"\xbb" + b"\xff" * 8, b"\xc2\x5b")
            )
        return bytes(data)

    @staticmethod
    def _change_bytes(random: Random, stream: bytearray) -> None:
        at = random.randint(0, len(stream))
        kind = random.randrange(4)
        if kind == 0:
            stream[at : at + 1] = bytes((random.randrange(256),))
        elif kind == 1:
            del stream[at : at + random.randint(1, 20)]
        elif kind == 2:
            stream[at:at] = random.randbytes(random.randint(1, 20))
        else:
            del stream[at:]
