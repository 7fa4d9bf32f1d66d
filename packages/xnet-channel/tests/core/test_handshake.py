"""Tests of `xnet_channel.core.handshake`.

What its HELLO may say is in test_hello_judged.py.

Spec: ER-004, ER-005, FR-002, FR-011, FR-016, HS-001, HS-002, HS-003, HS-004, HS-006, HS-008, HS-009,
HS-011, LI-002.
"""

from __future__ import annotations

import pytest

from core_helpers import (
    FUZZ,
    data,
    deliver_in,
    failed_with,
    frame,
    hello_frame,
    local_hello,
    other,
    running,
    sent,
    silent,
    told,
)
from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import PeerGoneAway, RemoteProtocolError
from xnet_channel.core.events import HelloReceived
from xnet_channel.core.handshake import PREAMBLE, SHOWN_NOISE_BYTES
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values
from xnet_wire.limits import HELLO_BYTES, NOISE_BYTES, Limits
from xnet_wire.messages import Hello

ROLES = [INITIATOR, WORKER]


def greeting(role: str) -> bytes:
    """Return what the peer of that role says first."""
    return (PREAMBLE if role == WORKER else b"") + hello_frame()


# -- the order -----------------------------------------------------------------------------------


def test_hs_001_hs_006_a_worker_says_the_preamble_and_its_hello_at_once() -> None:
    connection = Connection(WORKER, Hello("w"), lambda state: state)
    connection.start()
    stream = b"".join(connection.data_to_send())
    assert stream.startswith(b"\x89XNET\r\n\x1a\n\x08\x00\x00\x00\x00")
    assert messages.decode_hello(stream[18:]).implementation == "w"


def test_hs_006_an_initiator_says_its_hello_before_it_has_read_anything() -> None:
    connection = Connection(INITIATOR, Hello("i", config={"id": "gw0"}), lambda state: state)
    connection.start()
    ((frame_type, channel, payload),) = sent(connection)
    assert (frame_type, channel) == (frames.HELLO, 0)
    hello = messages.decode_hello(payload)
    assert hello.config == {"id": "gw0"}
    assert (hello.limits, hello.credit) == (Limits(), 1_048_576)  # LI-002


@pytest.mark.parametrize("role", ROLES)
def test_the_handshake_is_complete_with_the_hello_of_the_peer(role: str) -> None:
    connection = silent(role)
    assert connection.phase == (states.PREAMBLE if role == INITIATOR else states.HELLO)
    (event,) = connection.receive_data(greeting(other(role)))
    assert isinstance(event, HelloReceived)
    assert event.hello.implementation == "peer"
    assert connection.phase == states.RUNNING
    assert connection.handshake.complete
    assert sent(connection) == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 50])
def test_fr_002_the_handshake_in_pieces(role: str, size: int) -> None:
    connection = silent(role)
    events = deliver_in(size)(connection, greeting(other(role)) + frame(frames.PONG))
    assert told(events) == [("HelloReceived",), ("PongReceived",)]


# -- noise ---------------------------------------------------------------------------------------

NOISES = [
    b"",
    b"Last login: Monday\r\n",
    PREAMBLE[:-1],
    PREAMBLE[:5] + PREAMBLE[:8],
    b"\x89",
    b"\x89" * 40,
    b"\x00\xff" * 100,
]


@pytest.mark.parametrize("noise", NOISES)
def test_hs_002_noise_is_skipped_and_kept_wherever_reads_split_it(noise: bytes) -> None:
    stream = noise + greeting(WORKER)
    for cut in range(len(stream) + 1):
        connection = silent(INITIATOR)
        events = [*connection.receive_data(stream[:cut]), *connection.receive_data(stream[cut:])]
        assert told(events) == [("HelloReceived",)], cut
        assert connection.handshake.noise == noise
    connection = silent(INITIATOR)
    assert told(deliver_in(1)(connection, stream)) == [("HelloReceived",)]


@pytest.mark.parametrize("filler", [b"x", b"\x89"])
@pytest.mark.parametrize("size", [1, 4096, NOISE_BYTES - 1, NOISE_BYTES, NOISE_BYTES + 5, 10**6])
def test_hs_003_exactly_the_most_noise_is_accepted(filler: bytes, size: int) -> None:
    if size == 1 and not FUZZ:
        size = 257
    connection = silent(INITIATOR)
    assert told(deliver_in(size)(connection, filler * NOISE_BYTES + greeting(WORKER))) == [("HelloReceived",)]


@pytest.mark.parametrize("filler", [b"x", b"\x89"])
@pytest.mark.parametrize("follows", [b"", PREAMBLE, greeting(WORKER)])
@pytest.mark.parametrize("size", [257, NOISE_BYTES, NOISE_BYTES + 1, NOISE_BYTES + 5, 10**6])
def test_hs_004_one_byte_more_is_preamble_missing_however_it_was_split(
    filler: bytes, follows: bytes, size: int
) -> None:
    # a last byte that cannot begin a preamble, so that all of it is certainly noise
    noise = b"START" + filler * (NOISE_BYTES - 5) + b"x"
    connection = silent(INITIATOR)
    assert deliver_in(size)(connection, noise + follows) == []
    assert failed_with(connection) == codes.PREAMBLE_MISSING
    assert "more than 65536 bytes" in str(connection.failure)
    assert "it said" in str(connection.failure)
    assert "START" in str(connection.failure)
    assert len(str(connection.failure)) < 5 * SHOWN_NOISE_BYTES


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (b"", "it said nothing"),
        (b"python3: command not found\n", r"it said b'python3: command not found\n'"),
        (PREAMBLE[:4], r"it said b'\x89XNE'"),
        (b"A" * 30_000 + b"the end", "30007 bytes, from b'AAA"),
        (b"A" * 30_000 + b"the end", "the end'"),
    ],
)
def test_hs_004_the_end_before_the_preamble_tells_what_was_said(noise: bytes, words: str) -> None:
    connection = silent(INITIATOR)
    if noise:
        connection.receive_data(noise)
    connection.receive_eof()
    assert isinstance(connection.failure, RemoteProtocolError)
    assert connection.failure.code == codes.PREAMBLE_MISSING
    assert words in str(connection.failure)
    assert "ended before it began an xnet connection" in str(connection.failure)


# -- the end of the stream, in every phase -------------------------------------------------------


@pytest.mark.parametrize("rest", [b"", hello_frame()[:1], hello_frame()[:9], hello_frame()[:-1]])
@pytest.mark.parametrize("role", ROLES)
def test_hs_009_the_end_before_the_hello_is_complete(role: str, rest: bytes) -> None:
    connection = silent(role)
    connection.receive_data((b"banner\n" + PREAMBLE if role == INITIATOR else b"") + rest)
    connection.receive_eof()
    assert failed_with(connection) == codes.HELLO_MALFORMED
    text = str(connection.failure)
    assert "ended before its HELLO was complete" in text
    assert (f"{len(rest)} bytes had arrived" in text) is bool(rest)
    assert ("banner" in text) is (role == INITIATOR)


@pytest.mark.parametrize("role", ROLES)
def test_the_end_between_frames_is_no_failure(role: str) -> None:
    connection = running(role)
    connection.receive_eof()
    assert connection.failure is None
    assert connection.phase == states.ENDED_CONNECTION
    assert sent(connection) == []


@pytest.mark.parametrize(
    ("cut", "words"), [(1, "1 bytes had arrived"), (8, "8 bytes"), (9000, "CHANNEL_DATA")]
)
@pytest.mark.parametrize("role", ROLES)
def test_fr_016_the_end_inside_a_frame_is_abnormal(role: str, cut: int, words: str) -> None:
    connection = running(role)
    connection.receive_data(data(1, bytes(10_000))[:cut])
    connection.receive_eof()
    failed_with(connection)
    assert "ended inside a" in str(connection.failure)
    assert words in str(connection.failure)


@pytest.mark.parametrize("role", ROLES)
def test_er_005_after_the_end_nothing_has_an_effect(role: str) -> None:
    connection = running(role)
    connection.receive_eof()
    connection.receive_eof()
    assert connection.receive_data(data(1) + b"\x7f" * 20) == []
    assert connection.failure is None


# -- what may come before the HELLO --------------------------------------------------------------

BEFORE = sorted(set(frames.NAMES) - {frames.HELLO, frames.GOAWAY, frames.OUTPUT})


@pytest.mark.parametrize("frame_type", BEFORE, ids=lambda frame_type: frames.NAMES[frame_type])
@pytest.mark.parametrize("role", ROLES)
def test_hs_008_a_frame_before_the_hello_is_a_state_violation(role: str, frame_type: int) -> None:
    connection = silent(role)
    channel = 0 if frame_type in (frames.GATEWAY_TERMINATE, frames.PING, frames.PONG) else 1
    start = PREAMBLE if role == INITIATOR else b""
    assert connection.receive_data(start + frame(frame_type, channel) + hello_frame()) == []
    assert failed_with(connection) == codes.STATE_VIOLATION
    assert f"{frames.NAMES[frame_type]} before its HELLO" in str(connection.failure)


@pytest.mark.parametrize("role", ROLES)
def test_fr_011_an_ignorable_frame_before_the_hello_is_skipped(role: str) -> None:
    connection = silent(role)
    start = PREAMBLE if role == INITIATOR else b""
    stream = start + frame(128, 3, b"out") + frame(191, 0) + hello_frame()
    assert told(connection.receive_data(stream)) == [("HelloReceived",)]


@pytest.mark.parametrize("role", ROLES)
def test_er_004_goaway_before_the_hello(role: str) -> None:
    connection = silent(role)
    start = PREAMBLE if role == INITIATOR else b""
    payload = messages.encode_goaway(codes.VERSION_UNSUPPORTED, "I speak 9.0")
    connection.receive_data(start + frame(frames.GOAWAY, 0, payload))
    assert isinstance(connection.failure, PeerGoneAway)
    assert (connection.failure.code, str(connection.failure)) == (codes.VERSION_UNSUPPORTED, "I speak 9.0")
    assert sent(connection) == []


@pytest.mark.parametrize("payload", [hello_frame()[9:], b"", bytes(70_000)])
@pytest.mark.parametrize("role", ROLES)
def test_hs_008_a_second_hello_is_a_state_violation_whatever_it_says(role: str, payload: bytes) -> None:
    connection = running(role)
    connection.receive_data(frame(frames.HELLO, 0, payload))
    assert failed_with(connection) == codes.STATE_VIOLATION
    assert "second HELLO" in str(connection.failure)


@pytest.mark.parametrize("frame_type", [frames.HELLO, frames.CHANNEL_DATA])
@pytest.mark.parametrize("role", ROLES)
def test_hs_011_before_the_hello_a_frame_is_at_most_65536_bytes(role: str, frame_type: int) -> None:
    start = PREAMBLE if role == INITIATOR else b""
    for length in (HELLO_BYTES + 1, 10**6):
        connection = silent(role)
        connection.receive_data(start + frames.encode_header(frame_type, 0, length))
        assert failed_with(connection) == codes.FRAME_TOO_LARGE
        assert str(length) in str(connection.failure)
        assert "65536" in str(connection.failure)


@pytest.mark.parametrize("ignorable", [128, 191])
@pytest.mark.parametrize("role", ROLES)
def test_hs_011_fr_011_also_behind_a_frame_that_is_skipped(role: str, ignorable: int) -> None:
    start = (PREAMBLE if role == INITIATOR else b"") + frame(ignorable, 3, bytes(HELLO_BYTES))
    for frame_type in (frames.HELLO, ignorable):
        connection = silent(role)
        connection.receive_data(start + frames.encode_header(frame_type, 0, HELLO_BYTES + 1))
        assert failed_with(connection) == codes.FRAME_TOO_LARGE
        assert "at most 65536" in str(connection.failure)
    connection = silent(role)
    behind = frame(ignorable, 3, bytes(HELLO_BYTES + 1))
    assert told(connection.receive_data(start + hello_frame() + behind)) == [("HelloReceived",)]
    assert connection.failure is None


@pytest.mark.parametrize("role", ROLES)
def test_hs_011_a_hello_of_exactly_65536_bytes_and_a_large_frame_right_behind_it(role: str) -> None:
    content = {"version": [1, 0], "pad": ""}
    content["pad"] = "x" * (HELLO_BYTES - len(values.encode(content)) - 2)
    payload = values.encode(content)
    assert len(payload) == HELLO_BYTES
    connection = silent(role, local_hello(credit=2**20))
    start = PREAMBLE if role == INITIATOR else b""
    events = connection.receive_data(start + frame(frames.HELLO, 0, payload) + frame(150, 0, bytes(500_000)))
    assert told(events) == [("HelloReceived",)]
    assert connection.failure is None
