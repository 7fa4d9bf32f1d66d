"""Everything up to a limit is taken, one more is refused, and a claim alone costs nothing.

Spec: CH-011, CH-033, FR-005, FR-006, LI-003, LI-004.
"""

from __future__ import annotations

import tracemalloc

import pytest

from core_helpers import (
    batch,
    data,
    execute,
    failed_with,
    frame,
    local_hello,
    open_,
    part,
    running,
    silent,
    taken,
    with_channel,
)
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.core.roles import WORKER
from xnet_wire import codes, frames, values
from xnet_wire.limits import CREDIT_BYTES, FRAME_BYTES, MIN_FRAME_BYTES

REFERENCE = b"\xd9\xe4\x22"


@pytest.mark.parametrize("limit", [MIN_FRAME_BYTES, FRAME_BYTES])
def test_fr_005_li_003_the_frame_limit(limit: int) -> None:
    connection = running(WORKER, local_hello(frame=limit))
    connection.receive_data(frame(150, 0, bytes(limit)))
    assert connection.failure is None
    connection.receive_data(frames.encode_header(150, 0, limit + 1))
    assert failed_with(connection) == codes.FRAME_TOO_LARGE
    assert str(limit) in str(connection.failure)


ITEM = values.encode(b"x" * 96)
AS_MUCH = {
    "one frame": frame(frames.CHANNEL_DATA, 1, ITEM),
    "parts": part(1, ITEM[:50]) + frame(frames.CHANNEL_DATA, 1, ITEM[50:]),
    "batch": batch(1, b"x" * 96, "y", b"x" * 96),
}


@pytest.mark.parametrize("stream", AS_MUCH.values(), ids=AS_MUCH)
def test_li_003_li_004_ch_033_the_item_limit(stream: bytes) -> None:
    connection, channel = with_channel(WORKER, local_hello(item=len(ITEM)))
    connection.receive_data(stream)
    assert connection.failure is None
    assert taken(connection, channel)[-1] == b"x" * 96

    connection, channel = with_channel(WORKER, local_hello(item=len(ITEM) - 1))
    assert not connection.receiving.receive_sole_item(stream, channel)
    connection.receive_data(data(1) + stream)
    assert failed_with(connection) == codes.LIMIT_EXCEEDED
    assert f"an item of {len(ITEM)} bytes or more; the limit announced here is {len(ITEM) - 1}" in str(
        connection.failure
    )
    assert taken(connection, channel) == [7]


def test_ch_033_parts_are_refused_as_soon_as_they_are_too_long() -> None:
    connection, _ = with_channel(WORKER, local_hello(item=100))
    connection.receive_data(part(1, bytes(50)) * 2)
    assert connection.failure is None
    connection.receive_data(part(1, b"x"))
    assert failed_with(connection) == codes.LIMIT_EXCEEDED


def nested(depth: int) -> bytes:
    return b"\x81" * (depth - 1) + b"\x80"


def deep(batch_head: bytes, depth: int, in_parts: bool) -> bytes:
    if in_parts:
        return part(1, nested(depth)) + frame(frames.CHANNEL_DATA, 1)
    frame_type = frames.CHANNEL_BATCH if batch_head else frames.CHANNEL_DATA
    return frame(frame_type, 1, batch_head + nested(depth))


@pytest.mark.parametrize("depth", [64, 100, 512])
def test_li_004_depth(depth: int) -> None:
    for batch_head, in_parts in ((b"", False), (b"\x82\x01", False), (b"", True)):
        connection, _ = with_channel(WORKER, local_hello(depth=depth))
        connection.receive_data(deep(batch_head, depth, in_parts))
        assert connection.failure is None
        connection.receive_data(deep(batch_head, depth + 1, in_parts))
        assert failed_with(connection) == codes.VALUE_MALFORMED


def test_ch_011_li_004_channels() -> None:
    connection = running(WORKER, local_hello(channels=3))
    connection.receive_data(execute(1) + execute(3) + open_(5))
    assert connection.failure is None
    connection.receive_data(frame(frames.CHANNEL_CLOSE, 3) + execute(7))
    assert connection.failure is None
    connection.receive_data(frame(frames.STATUS, 9))
    assert failed_with(connection) == codes.LIMIT_EXCEEDED
    assert "3 channels open" in str(connection.failure)


def test_ch_008_ids_that_are_gone_cost_no_memory() -> None:
    connection = running(WORKER)
    tracemalloc.start()
    try:
        for id_ in range(1, 100_001, 2):
            connection.receive_data(open_(id_ * 3) + frame(frames.CHANNEL_CLOSE, id_ * 3))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert connection.failure is None
    assert size < 20_000


def test_ch_010_many_references_to_one_closed_channel_are_one_channel() -> None:
    """A megabyte of them made 400 megabytes of channels."""
    connection = running(WORKER, local_hello(credit=CREDIT_BYTES * 2))
    connection.receive_data(execute(1) + execute(3) + frame(frames.CHANNEL_CLOSE, 3))
    count = 200_000
    tracemalloc.start()
    try:
        connection.receive_data(
            frame(frames.CHANNEL_DATA, 1, b"\x9a" + count.to_bytes(4, "big") + (REFERENCE + b"\x03") * count)
        )
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    ((item,),) = [taken(connection, connection.table.open[1])]
    assert len(item) == count
    assert len(set(map(id, item))) == 1
    assert size < 16 * count


CLAIMS = {
    "frame": frames.encode_header(frames.CHANNEL_DATA, 1, 2**32 - 1) + bytes(5000),
    "first frame": b"",
    "text": frame(frames.CHANNEL_DATA, 1, b"\x7a\x7f\xff\xff\xff" + b"x" * 100),
    "array": frame(frames.CHANNEL_DATA, 1, b"\x9a\x7f\xff\xff\xff" + b"\x01" * 100),
    "map": frame(frames.CHANNEL_DATA, 1, b"\xbb" + b"\xff" * 8 + b"\x01" * 100),
    "bignum": frame(frames.CHANNEL_DATA, 1, b"\xc2\x5b" + b"\xff" * 8 + b"\x01" * 100),
    "parts": part(1, b"\x5a\x7f\xff\xff\xff" + bytes(1000)) + frame(frames.CHANNEL_DATA, 1, bytes(1000)),
    "batch": frame(frames.CHANNEL_BATCH, 1, b"\x9a\x7f\xff\xff\xff" + b"\x01" * 100),
    "batch that is dropped": frame(frames.CHANNEL_CLOSE, 1)
    + frame(frames.CHANNEL_BATCH, 1, b"\x9a\x7f\xff\xff\xff" + b"\x01" * 100),
    "exec": frame(frames.CHANNEL_EXEC, 3, b"\xa1\x66source\x7a\x7f\xff\xff\xff"),
    "error": frame(frames.CHANNEL_CLOSE_ERROR, 1, b"\x7a\x7f\xff\xff\xff"),
    "goaway": frame(frames.GOAWAY, 0, b"\xba\x7f\xff\xff\xff"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_fr_006_a_claim_costs_no_memory(claim: str) -> None:
    if claim == "first frame":
        connection = silent(WORKER)
        stream = frames.encode_header(frames.HELLO, 0, 2**20) + bytes(5000)
    else:
        connection, _ = with_channel(WORKER, local_hello(credit=CREDIT_BYTES))
        stream = CLAIMS[claim]
    tracemalloc.start()
    try:
        connection.receive_data(stream)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
    if claim != "batch that is dropped":
        assert connection.failure is not None


def test_fr_006_within_the_limit_a_claim_costs_at_most_the_limit() -> None:
    connection = running(WORKER, local_hello(frame=MIN_FRAME_BYTES))
    tracemalloc.start()
    try:
        for _ in range(3):
            connection.receive_data(frames.encode_header(150, 0, MIN_FRAME_BYTES) + b"x")
            connection.receive_data(bytes(MIN_FRAME_BYTES - 1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIN_FRAME_BYTES
    assert not isinstance(connection.failure, RemoteProtocolError)
