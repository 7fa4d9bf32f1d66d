"""One frame may break several rules: which of them gives the code. And: each code has a test.

Spec: ER-004, ER-010, ER-011, ER-020, FC-005, FC-013.
"""

from __future__ import annotations

import pytest

from core_helpers import (
    code_of,
    credit,
    data,
    execute,
    failed_with,
    frame,
    hello_frame,
    last,
    part,
    running,
    with_channel,
)
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames

BIG = 2**20 + 1
NOT_CBOR = b"\xff"
ORDER: list[tuple[str, bytes, int, int]] = [
    # each frame breaks the rules of two steps or more; the first one decides
    ("1 before 2", frames.encode_header(18, 0, BIG), codes.FRAME_UNKNOWN_TYPE, 0),
    ("2 before 3", frames.encode_header(frames.PING, 1, BIG), codes.FRAME_TOO_LARGE, 0),
    ("2 for ignorable ones too", frames.encode_header(128, 1, BIG), codes.FRAME_TOO_LARGE, 0),
    ("3 before 5", frame(frames.STATUS, 0), codes.STATE_VIOLATION, 0),
    ("3 before 6", frame(frames.PING, 1, bytes(65)), codes.STATE_VIOLATION, 0),
    ("4 before 6", frame(frames.HELLO, 0, NOT_CBOR), codes.STATE_VIOLATION, 0),
    ("5 before 6", frame(frames.STATUS, 2, b"x"), codes.ROLE_VIOLATION, 1),
    ("5 before 6, TERMINATE", frame(frames.GATEWAY_TERMINATE, 0, b"x"), codes.ROLE_VIOLATION, 1),
    ("6 before 7, parity", frame(frames.CHANNEL_EXEC, 2, NOT_CBOR), codes.PAYLOAD_MALFORMED, 0),
    ("6 before 7, fresh", frame(frames.CHANNEL_EXEC, 1, NOT_CBOR), codes.PAYLOAD_MALFORMED, 0),
    ("6 before 7, STATUS", frame(frames.STATUS, 2, b"x"), codes.PAYLOAD_MALFORMED, 0),
    ("6 before 7, OPEN", frame(frames.CHANNEL_OPEN, 2, b"x"), codes.PAYLOAD_MALFORMED, 0),
    ("7, role before state", frame(frames.CHANNEL_OPEN, 2), codes.ROLE_VIOLATION, 0),
    ("7, state before limit", execute(3) + frame(frames.CHANNEL_OPEN, 3), codes.STATE_VIOLATION, 3),
    ("8 before 10", frame(frames.CHANNEL_BATCH, 99, NOT_CBOR), codes.STATE_VIOLATION, 0),
    ("8 before 11", frame(frames.CHANNEL_DATA, 99, bytes(65_600)), codes.STATE_VIOLATION, 0),
    ("6 before 8", frame(frames.CHANNEL_CREDIT, 99, NOT_CBOR), codes.PAYLOAD_MALFORMED, 0),
    ("6 before 9", part(1, b"x") + frame(frames.CHANNEL_LAST_MESSAGE, 1, b"x"), codes.PAYLOAD_MALFORMED, 0),
    ("6 before 9, part", last(1) + part(1, b""), codes.PAYLOAD_MALFORMED, 0),
    ("9 before 10", last(1) + frame(frames.CHANNEL_BATCH, 1, NOT_CBOR), codes.STATE_VIOLATION, 0),
    ("9 before 10, parts", part(1, b"x") + frame(frames.CHANNEL_BATCH, 1, b""), codes.STATE_VIOLATION, 0),
    ("9 before 11", last(1) + frame(frames.CHANNEL_DATA, 1, bytes(65_600)), codes.STATE_VIOLATION, 0),
    ("9 before 13", last(1) + frame(frames.CHANNEL_DATA, 1, NOT_CBOR), codes.STATE_VIOLATION, 0),
    (
        "10 before 11",
        frame(frames.CHANNEL_BATCH, 1, b"\x80" + bytes(70_000)),
        codes.VALUE_MALFORMED,
        0,
    ),
    ("11 before 12", part(1, bytes(65_537)), codes.CREDIT_OVERDRAWN, 2),
    ("11 before 13", frame(frames.CHANNEL_DATA, 1, b"\xff" * 65_600), codes.CREDIT_OVERDRAWN, 0),
    (
        "11 before 13, batch",
        frame(frames.CHANNEL_BATCH, 1, b"\x99\x03\xff" + b"\xff" * 1023),
        codes.CREDIT_OVERDRAWN,
        0,
    ),
    ("12 before 13", frame(frames.CHANNEL_DATA, 1, b"\xff" * 101), codes.LIMIT_EXCEEDED, 2),
    ("12 before 13, part", part(1, b"\xff" * 101), codes.LIMIT_EXCEEDED, 2),
]


@pytest.mark.parametrize(("stream", "code", "special"), [row[1:] for row in ORDER], ids=[r[0] for r in ORDER])
def test_er_020_fc_005_the_first_check_that_fails_gives_the_code(
    stream: bytes, code: int, special: int
) -> None:
    limits = {2: {"item": 100}, 3: {"channels": 2}}.get(special, {})
    assert code_of(INITIATOR if special == 1 else WORKER, stream, **limits) == code


def test_er_020_fc_013_an_ended_send_half_ignores_credit() -> None:
    """Also too much of it: step 9 comes before step 11."""
    connection, channel = with_channel(WORKER)
    connection.send_last(channel)
    connection.receive_data(credit(1, 2**63))
    assert connection.failure is None


def test_each_code_that_a_connection_gives_for_frames_is_provoked_in_these_tests() -> None:
    """Whoever adds a code adds a test: here is where to look for each."""
    by_frames = {
        codes.FRAME_UNKNOWN_TYPE: frame(77),
        codes.FRAME_TOO_LARGE: frames.encode_header(frames.PING, 0, BIG),
        codes.VALUE_MALFORMED: frame(frames.CHANNEL_DATA, 1, NOT_CBOR),
        codes.CREDIT_OVERDRAWN: data(1, bytes(65_536)),
        codes.CREDIT_OVERFLOW: credit(1, 2**31),
        codes.STATE_VIOLATION: hello_frame(),
        codes.LIMIT_EXCEEDED: execute(3) + execute(5),
        codes.ROLE_VIOLATION: execute(2),
        codes.PAYLOAD_MALFORMED: frame(frames.PING, 0, bytes(65)),
    }
    for code, stream in by_frames.items():
        assert code_of(WORKER, stream, channels=2) == code
    elsewhere = {
        codes.NO_ERROR,  # only ever received: test_er_004_er_010
        codes.VERSION_UNSUPPORTED,  # test_handshake
        codes.HELLO_MALFORMED,  # test_handshake
        codes.PREAMBLE_MISSING,  # test_handshake
        codes.CONFIG_REFUSED,  # given by the application: test_handshake
        codes.INTERNAL_ERROR,  # given by the application: test_connection
    }
    assert set(by_frames) | elsewhere == set(codes.NAMES)


def test_er_011_a_fault_of_ours_is_told_as_such() -> None:
    connection = running(WORKER)
    connection.fail(RemoteProtocolError(codes.INTERNAL_ERROR, "this worker has run out of memory"))
    assert failed_with(connection) == codes.INTERNAL_ERROR
