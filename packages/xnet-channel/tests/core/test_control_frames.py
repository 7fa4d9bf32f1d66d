"""Frames without items: what each does, and what of it is malformed.

Spec: CH-008, CH-009, CH-016, CH-041, CH-061, CH-043, CH-044, ER-002, ER-003, ER-004, ER-007, ER-010,
FC-010, FC-012, FC-013, FC-016, FR-007, FR-008, FR-009, FR-010, FR-011, FR-012, FR-013, FR-014, FR-017,
FR-020, FR-021, FR-022, GR-006, VA-040, VA-041, VA-042.
"""

from __future__ import annotations

from typing import Any

import pytest

from core_helpers import (
    EXEC_PAYLOAD,
    WINDOW,
    batch,
    close,
    code_of,
    credit,
    data,
    execute,
    failed_with,
    frame,
    part,
    running,
    sent,
    silent,
    told,
    with_channel,
)
from xnet_channel.core.connection import Connection
from xnet_channel.core.control_frames import ON_ANY_CHANNEL, ON_CHANNEL_ZERO
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.core.events import RequestReceived
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values
from xnet_wire.channel_errors import ChannelError
from xnet_wire.limits import MAX_CREDIT_BYTES

ROLES = [INITIATOR, WORKER]
KNOWN = sorted(set(frames.NAMES) - {frames.OUTPUT})
REQUESTS = [frames.STATUS, frames.INFO, frames.CHANNEL_EXEC]
NAME = frames.NAMES.__getitem__


# -- channel ids ---------------------------------------------------------------------------------


@pytest.mark.parametrize("frame_type", sorted(set(KNOWN) - ON_ANY_CHANNEL), ids=NAME)
@pytest.mark.parametrize("role", ROLES)
def test_fr_014_a_frame_on_a_channel_that_does_not_fit_its_type(role: str, frame_type: int) -> None:
    wrong = 3 if frame_type in ON_CHANNEL_ZERO else 0
    connection = running(role)
    connection.receive_data(frame(frame_type, wrong, b"\xff"))
    assert failed_with(connection) == codes.STATE_VIOLATION
    assert f"{frames.NAMES[frame_type]} on channel {wrong}" in str(connection.failure)


@pytest.mark.parametrize("payload", [messages.encode_goaway(codes.NO_ERROR, "Bye."), b"", b"\xff"])
@pytest.mark.parametrize("role", ROLES)
def test_fr_017_goaway_on_another_channel_than_0_is_a_misplaced_frame(role: str, payload: bytes) -> None:
    before_hello = silent(role)
    if role == INITIATOR:
        before_hello.receive_data(PREAMBLE)
    for connection in (running(role), before_hello):
        connection.receive_data(frame(frames.GOAWAY, 2, payload))
        assert isinstance(connection.failure, RemoteProtocolError)
        assert failed_with(connection) == codes.STATE_VIOLATION


# -- roles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame_type", [*REQUESTS, frames.GATEWAY_TERMINATE], ids=NAME)
def test_fr_008_what_a_worker_must_not_send(frame_type: int) -> None:
    stream = frame(frame_type, 0 if frame_type == frames.GATEWAY_TERMINATE else 2, b"")
    assert code_of(INITIATOR, stream) == codes.ROLE_VIOLATION


def test_gr_006_terminate_reaches_the_worker() -> None:
    connection = running(WORKER)
    payload = messages.encode_terminate(250)
    assert told(connection.receive_data(frame(frames.GATEWAY_TERMINATE, 0, payload))) == [
        ("TerminateReceived", 250, None)
    ]
    assert told(connection.receive_data(frame(frames.GATEWAY_TERMINATE, 0, b"\xa0"))) == []
    assert connection.failure is None


def test_gr_003_a_worker_that_is_to_end_still_answers() -> None:
    connection, channel = with_channel(WORKER)
    connection.receive_data(frame(frames.GATEWAY_TERMINATE, 0, messages.encode_terminate()))
    sent(connection)
    assert connection.send_item(channel, values.encode("last words"), 100)
    connection.receive_data(frame(frames.PING, 0, b"there?"))
    connection.send_close(channel)
    assert [kind for kind, _, _ in sent(connection)] == [
        frames.CHANNEL_DATA,
        frames.PONG,
        frames.CHANNEL_CLOSE,
    ]


# -- payloads ------------------------------------------------------------------------------------

MALFORMED: list[tuple[bytes, str]] = [
    (frame(frames.STATUS, 3, b"\x00"), "1 bytes, expected none"),
    (frame(frames.INFO, 3, b"\x00"), "1 bytes, expected none"),
    (frame(frames.GATEWAY_TERMINATE, 0, b""), "GATEWAY_TERMINATE"),
    (frame(frames.GATEWAY_TERMINATE, 0, values.encode({"finish": 86_400_001})), "0 to 86400000"),
    (
        frame(frames.GATEWAY_TERMINATE, 0, values.encode({"interrupt": 1.0})),
        '"interrupt" in GATEWAY_TERMINATE',
    ),
    (frame(frames.CHANNEL_EXEC, 3, b""), "CHANNEL_EXEC"),
    (frame(frames.CHANNEL_EXEC, 3, values.encode({"file": None})), '"source"'),
    (frame(frames.CHANNEL_EXEC, 3, values.encode({"source": 1})), "expected a text"),
    (frame(frames.CHANNEL_OPEN, 3, b"x"), "1 bytes, expected none"),
    (frame(frames.CHANNEL_CLOSE, 1, b"x"), "1 bytes, expected none"),
    (frame(frames.CHANNEL_CLOSE, 99, b"x"), "1 bytes, expected none"),
    (frame(frames.CHANNEL_CLOSE_ERROR, 1, b""), "CHANNEL_CLOSE_ERROR"),
    (frame(frames.CHANNEL_CLOSE_ERROR, 99, b"\x01"), "expected a map"),
    (frame(frames.CHANNEL_LAST_MESSAGE, 1, b"x"), "1 bytes, expected none"),
    (frame(frames.CHANNEL_LAST_MESSAGE, 99, b"x"), "1 bytes, expected none"),
    (frame(frames.CHANNEL_CREDIT, 1, b"\x00"), "above 0"),
    (frame(frames.CHANNEL_CREDIT, 1, b"\x20"), "above 0"),
    (frame(frames.CHANNEL_CREDIT, 99, b"\xf5"), "above 0"),
    (frame(frames.CHANNEL_CREDIT, 1, b"\x01\x01"), "CHANNEL_CREDIT"),
    (frame(frames.RECONFIGURE, 0, b""), "RECONFIGURE"),
    (frame(frames.RECONFIGURE, 1, values.encode([True])), "two booleans"),
    (frame(frames.RECONFIGURE, 99, values.encode([1, 0])), "two booleans"),
    (frame(frames.PING, 0, bytes(65)), "65 bytes, at most 64"),
    (frame(frames.PONG, 0, bytes(65)), "65 bytes, at most 64"),
    (frame(frames.CHANNEL_PART, 1, b""), "at least one byte"),
    (frame(frames.CHANNEL_PART, 99, b""), "at least one byte"),
]


@pytest.mark.parametrize(("stream", "words"), MALFORMED)
def test_fr_009_ch_041_fc_010_a_control_payload_against_its_rule(stream: bytes, words: str) -> None:
    connection, _ = with_channel(WORKER)
    connection.receive_data(stream)
    assert failed_with(connection) == codes.PAYLOAD_MALFORMED
    assert words in str(connection.failure)
    assert f"{frames.NAMES[stream[0]]} on channel {stream[4]}" in str(connection.failure)


# -- PING ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"x", bytes(64)])
@pytest.mark.parametrize("role", ROLES)
def test_fr_020_ping_is_answered_with_the_same_payload(role: str, payload: bytes) -> None:
    connection = running(role)
    assert connection.receive_data(frame(frames.PING, 0, payload)) == []
    assert sent(connection) == [(frames.PONG, 0, payload)]


@pytest.mark.parametrize("role", ROLES)
def test_fr_022_a_pong_nobody_waits_for_is_no_failure(role: str) -> None:
    connection = running(role)
    assert told(connection.receive_data(frame(frames.PONG, 0, b"?"))) == [("PongReceived",)]
    assert connection.failure is None


def test_fr_021_pong_comes_after_the_credit_for_an_item_in_front_of_it() -> None:
    connection, channel = with_channel(WORKER)
    connection.relieve(channel, True)
    connection.receive_data(data(1, bytes(WINDOW // 2)) + frame(frames.PING) + data(1, bytes(WINDOW // 2)))
    assert [frame_type for frame_type, _, _ in sent(connection)] == [
        frames.CHANNEL_CREDIT,
        frames.PONG,
        frames.CHANNEL_CREDIT,
    ]


def test_fr_007_fr_021_pong_comes_after_the_answer_to_a_request_in_front_of_it() -> None:
    connection = running(WORKER)
    order: list[Any] = []

    def answer(events: list[Any]) -> None:
        order.extend(told(events))
        request = events[-1]
        connection.send_item(request.channel, b"\xa0", 65)
        connection.send_close(request.channel)

    connection.dispatch = answer
    stream = frame(frames.PONG) + frame(frames.STATUS, 1) + frame(frames.PING) + frame(frames.INFO, 3)
    rest = connection.receive_data(stream + frame(frames.PING) + frame(frames.PONG))
    assert [event[0] for event in order] == ["PongReceived", "RequestReceived", "RequestReceived"]
    assert told(rest) == [("PongReceived",)]
    answered = [frames.CHANNEL_DATA, frames.CHANNEL_CLOSE, frames.PONG]
    assert [frame_type for frame_type, _, _ in sent(connection)] == answered * 2


# -- unknown types -------------------------------------------------------------------------------


@pytest.mark.parametrize("frame_type", [18, 127, 192, 255])
@pytest.mark.parametrize("role", ROLES)
def test_fr_010_an_unknown_type(role: str, frame_type: int) -> None:
    connection = running(role)
    events = connection.receive_data(frame(frames.PONG) + frame(frame_type, 1))
    assert told(events) == [("PongReceived",)]  # FR-013
    assert failed_with(connection) == codes.FRAME_UNKNOWN_TYPE
    assert f"type {frame_type}" in str(connection.failure)


@pytest.mark.parametrize("frame_type", [128, 129, 191])
@pytest.mark.parametrize("channel", [0, 1, 2, 2**32 - 1])
def test_fr_011_fr_012_an_ignorable_type_is_skipped(frame_type: int, channel: int) -> None:
    for role in ROLES:
        connection, _ = with_channel(role)
        assert told(connection.receive_data(frame(frame_type, channel, b"\xff" * 99) + data(1))) == [
            ("ItemsReceived", 1)
        ]
        assert connection.failure is None


# -- requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame_type", REQUESTS, ids=NAME)
def test_ch_008_a_request_opens_its_channel(frame_type: int) -> None:
    connection = running(WORKER)
    payload = EXEC_PAYLOAD if frame_type == frames.CHANNEL_EXEC else b""
    (event,) = connection.receive_data(frame(frame_type, 5, payload))
    assert isinstance(event, RequestReceived)
    assert (event.frame_type, event.channel.id) == (frame_type, 5)
    assert (event.request is not None) is (frame_type == frames.CHANNEL_EXEC)
    assert event.request is None or event.request.source == "pass"
    assert connection.table.open == {5: event.channel}


# -- credit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_fc_010_credit_is_added(role: str) -> None:
    connection, channel = with_channel(role)
    before = channel.sender.credit
    assert told(connection.receive_data(credit(1, 5))) == [("CreditReceived", 1)]
    assert channel.sender.credit == before + 5


def test_fc_012_too_much_credit() -> None:
    _, channel = with_channel(WORKER)
    room = MAX_CREDIT_BYTES - channel.sender.credit
    assert code_of(WORKER, credit(1, room + 1)) == codes.CREDIT_OVERFLOW
    assert code_of(WORKER, credit(1, 2**64 - 1)) == codes.CREDIT_OVERFLOW
    connection, _ = with_channel(WORKER)
    connection.receive_data(credit(1, room))
    assert connection.failure is None


def test_fc_013_credit_that_is_of_no_use_is_ignored() -> None:
    connection, channel = with_channel(WORKER)
    connection.send_last(channel)
    assert connection.receive_data(credit(1, 2**40)) == []
    connection.send_close(channel)
    assert connection.receive_data(credit(1, 2**40)) == []
    assert connection.failure is None


# -- closing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_ch_041_ch_044_close_with_a_reason_leaves_the_items_before_it(role: str) -> None:
    connection, channel = with_channel(role)
    events = connection.receive_data(data(1, "a") + data(1, "b") + close(1, "it failed"))
    assert told(events) == [
        ("ItemsReceived", 1),
        ("ItemsReceived", 1),
        ("ChannelClosed", 1, ChannelError("it failed")),
    ]
    assert channel.closed
    assert connection.table.open == {}
    assert [connection.take(channel) for _ in range(2)] == ["a", "b"]
    assert sent(connection) == []  # FC-016


def test_ch_043_a_reason_that_is_too_long() -> None:
    connection, _ = with_channel(WORKER)
    payload = values.encode({"text": "x" * 65_536, "code": "error"})
    assert connection.receive_data(frame(frames.CHANNEL_CLOSE_ERROR, 1, payload)) == []
    assert failed_with(connection) == codes.PAYLOAD_MALFORMED


# -- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_er_002_nothing_is_sent_or_acted_upon_after_the_end(role: str) -> None:
    connection, channel = with_channel(role)
    events = connection.receive_data(data(1) + frame(77) + data(1))
    assert told(events) == [("ItemsReceived", 1)]
    assert failed_with(connection) == codes.FRAME_UNKNOWN_TYPE
    connection.fail(RemoteProtocolError(codes.INTERNAL_ERROR, "later"))
    assert connection.take(channel) == 7
    connection.relieve(channel, True)
    connection.send_close(channel)
    assert connection.receive_data(frame(frames.PING)) == []
    assert sent(connection) == []
    assert isinstance(connection.failure, RemoteProtocolError)
    assert connection.failure.code == codes.FRAME_UNKNOWN_TYPE


def test_er_003_a_long_sentence_is_cut() -> None:
    connection: Connection = running(WORKER)
    connection.fail(RemoteProtocolError(codes.INTERNAL_ERROR, "much to say " * 1000))
    ((_, _, payload),) = sent(connection)
    _, text, _ = messages.decode_goaway(payload)
    assert len(text.encode()) <= 4096
    assert "cut here" in text


def test_va_040_va_041_va_042_reconfigure_holds_for_what_comes_after_it() -> None:
    connection, channel = with_channel(WORKER)
    text = data(1, "é")
    flags = messages.encode_reconfigure((True, True))
    back = messages.encode_reconfigure((True, False))
    connection.receive_data(
        text
        + frame(frames.RECONFIGURE, 0, flags)
        + text
        + frame(frames.RECONFIGURE, 1, back)
        + text
        + part(1, text[9:10])
        + frame(frames.RECONFIGURE, 1, flags)
        + frame(frames.CHANNEL_DATA, 1, text[10:])
        + execute(3)
        + close(3)
        + frame(frames.RECONFIGURE, 3, back)
        + batch(1, "é")
    )
    assert connection.failure is None
    assert [connection.take(channel) for _ in range(5)] == [
        "é",
        "é".encode(),
        "é",
        "é".encode(),
        "é".encode(),
    ]
    assert 3 not in connection.table.open
