"""What memory a frame decoder holds while large payloads arrive.

Spec: FR-006.
"""

from __future__ import annotations

import pytest

from xnet_wire import frames
from xnet_wire.frames import FIRST_BUFFER_BYTES, FrameDecoder

MB = 1_048_576


def held_bytes(decoder: FrameDecoder) -> int:
    view = decoder.pending_view()
    return 0 if view is None else memoryview(view.obj).nbytes


def arrive(decoder: FrameDecoder, payload: bytes, size: int) -> bytes | bytearray:
    """Fill the pending payload as a shell does that reads at most ``size`` bytes at once."""
    done = 0
    while (view := decoder.pending_view()) is not None:
        count = min(size, len(view))
        view[:count] = payload[done : done + count]
        done += count
        frame = decoder.pending_filled(count)
        if frame is not None:
            return frame[2]
    raise AssertionError("the payload was never complete")


def test_a_header_alone_costs_no_memory_whatever_it_claims() -> None:
    decoder = FrameDecoder(2**31)
    assert decoder.feed(frames.encode_header(frames.CHANNEL_PART, 1, 2**31) + b"x") == []
    assert held_bytes(decoder) == FIRST_BUFFER_BYTES


def test_the_buffer_is_never_more_than_twice_what_arrived() -> None:
    decoder = FrameDecoder(16 * MB)
    decoder.feed(frames.encode_header(frames.CHANNEL_PART, 1, 10 * MB) + b"x" * FIRST_BUFFER_BYTES)
    arrived = FIRST_BUFFER_BYTES
    while (view := decoder.pending_view()) is not None:
        assert len(view) <= max(arrived, FIRST_BUFFER_BYTES)
        arrived += len(view)
        view[:] = bytes(len(view))
        decoder.pending_filled(len(view))
    assert arrived == 10 * MB


@pytest.mark.parametrize("size", [1000, 65_536, 3 * MB])
@pytest.mark.parametrize("length", [5000, 65_537, MB, 3 * MB])
def test_a_payload_is_whole_however_it_arrives(length: int, size: int) -> None:
    payload = bytes(range(251)) * (length // 251 + 1)
    payload = payload[:length]
    stream = frames.encode_header(frames.CHANNEL_PART, 7, length) + payload
    decoder = FrameDecoder(4 * MB)
    assert decoder.feed(stream[:20]) == [] or length < 11
    if decoder.pending_view() is not None:
        assert arrive(decoder, payload[11:], size) == payload
    fed = FrameDecoder(4 * MB)
    found = [
        frame for start in range(0, len(stream), size) for frame in fed.feed(stream[start : start + size])
    ]
    assert found == [(frames.CHANNEL_PART, 7, payload)]


def test_memory_that_was_given_back_is_used_again() -> None:
    decoder = FrameDecoder()
    head = frames.encode_header(frames.CHANNEL_PART, 1, 200_000)
    decoder.feed(head + b"x")
    first = arrive(decoder, b"a" * 199_999, 65_536)
    decoder.recycle(first)
    decoder.feed(head + b"y")
    second = arrive(decoder, b"b" * 199_999, 65_536)
    assert second is first
    assert second == b"y" + b"b" * 199_999


def test_spare_memory_is_bounded_and_of_the_right_length() -> None:
    decoder = FrameDecoder(2 * MB)
    spares = [bytearray(100_000) for _ in range(10)]
    for spare in [bytearray(MB), *spares]:
        decoder.recycle(spare)
    decoder.recycle(b"not ours")
    used = []
    for _ in range(3):
        decoder.feed(frames.encode_header(frames.CHANNEL_PART, 1, 100_000) + b"x")
        used.append(arrive(decoder, b"a" * 99_999, 50_000))
    assert sum(any(one is spare for spare in spares) for one in used) == frames.SPARE_BUFFERS
    decoder.recycle(bytearray(100_000))
    decoder.feed(frames.encode_header(frames.CHANNEL_PART, 1, 150_000) + b"x")
    assert arrive(decoder, b"a" * 149_999, 50_000) == b"x" + b"a" * 149_999
