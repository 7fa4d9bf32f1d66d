"""Tests of `xnet_channel.core.outgoing`.

Spec: FR-001, FR-003, TR-010.
"""

from __future__ import annotations

import pytest

from xnet_channel.core.outgoing import COPY_BELOW_BYTES, Outgoing
from xnet_wire import frames


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("size", [0, 1, COPY_BELOW_BYTES - 1, COPY_BELOW_BYTES, 100_000])
def test_fr_001_fr_003_frames_follow_one_another(kind: type, size: int) -> None:
    out = Outgoing()
    out.raw(b"raw")
    for channel in (1, 2):
        out.frame(frames.CHANNEL_PART, channel, kind(bytes(size)))
    stream = b"".join(out.take())
    assert stream == b"raw" + b"".join(
        frames.encode_header(frames.CHANNEL_PART, channel, size) + bytes(size) for channel in (1, 2)
    )
    assert out.queued_bytes == len(stream)
    assert out.take() == []


def test_a_large_payload_is_not_copied() -> None:
    out = Outgoing()
    payload = bytes(COPY_BELOW_BYTES)
    out.frame(frames.CHANNEL_DATA, 1, payload)
    assert out.take()[1] is payload


def test_tr_010_each_frame_is_traced_in_order() -> None:
    out = Outgoing()
    seen: list[tuple[int, int, int]] = []
    out.trace = lambda *what: seen.append(what)
    out.raw(b"not a frame")
    out.frame(frames.PING, 0, b"abc")
    out.frame(frames.CHANNEL_CLOSE, 7)
    assert seen == [(frames.PING, 0, 3), (frames.CHANNEL_CLOSE, 7, 0)]
