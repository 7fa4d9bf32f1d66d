"""Whatever a peer sends: events, or an end with a code of the registry and a sentence. Never an exception.

XNET_FUZZ=1 runs the long form.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core_helpers import (
    EXEC_PAYLOAD,
    batch,
    close,
    credit,
    data,
    deliver_through_view,
    examples,
    execute,
    frame,
    hello_frame,
    last,
    local_hello,
    part,
    sent,
    silent,
    with_channel,
)
from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import PeerGoneAway, RemoteProtocolError
from xnet_channel.core.events import Event
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values
from xnet_wire.channel_errors import ChannelError, encode_channel_error
from xnet_wire.frames import HEADER_BYTES

roles = st.sampled_from([INITIATOR, WORKER])
ids = st.sampled_from([0, 1, 2, 3, 4, 5, 99, 2**32 - 1])
items: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=99),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
payloads = st.one_of(
    st.just(b""),
    st.binary(max_size=80),
    items.map(values.encode),
    st.sampled_from(
        [
            EXEC_PAYLOAD,
            messages.encode_credit(100),
            messages.encode_goaway(3, "because"),
            messages.encode_reconfigure((True, True)),
            encode_channel_error(ChannelError("it failed", frames=[("f.py", 1, "f")])),
            hello_frame()[HEADER_BYTES:],
            b"\xd9\xe4\x22\x04",
            b"\xd9\xe4\x22\x03",
            bytes(5000),
            bytes(70_000),
        ]
    ),
)
any_frames = st.builds(frame, st.integers(0, 255), ids, payloads)
known_frames = st.builds(frame, st.sampled_from(sorted(frames.NAMES)), ids, payloads)
legal_frames = st.one_of(
    st.builds(data, st.just(1), items),
    st.builds(batch, st.just(1), items, items),
    st.builds(part, st.just(1), st.binary(min_size=1, max_size=30)),
    st.builds(credit, ids.filter(bool), st.integers(1, 2**31)),
    st.builds(close, st.sampled_from([1, 2, 3]), st.none() | st.text(max_size=5)),
    st.builds(execute, st.sampled_from([3, 5, 7])),
    st.builds(last, st.just(1)),
    st.builds(frame, st.just(frames.PING), st.just(0), st.binary(max_size=64)),
)
streams = st.lists(st.one_of(legal_frames, known_frames, any_frames), max_size=12).map(b"".join)


def survive(connection: Connection, stream: bytes, cuts: list[int], through_view: bool, ends: bool) -> None:
    """Feed the stream and check that its end is one of those that are allowed."""
    events: list[Event] = []
    before = sent(connection)
    cuts = sorted(cut % (len(stream) + 1) for cut in cuts)
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        if through_view:
            events += deliver_through_view(connection, stream[begin:end], 50)
        else:
            events += connection.receive_data(stream[begin:end])
    if ends:
        connection.receive_eof()
    assert all(isinstance(event, Event) for event in events)
    failure = connection.failure
    said = before + sent(connection)
    goaways = [payload for frame_type, _, payload in said if frame_type == frames.GOAWAY]
    if failure is None:
        assert goaways == []
        assert (connection.phase == states.ENDED_CONNECTION) is ends
    elif isinstance(failure, PeerGoneAway):
        assert goaways == []
        assert connection.phase == states.ENDED_CONNECTION
    else:
        assert isinstance(failure, RemoteProtocolError)
        assert failure.code in codes.NAMES
        assert len(str(failure).split()) > 4, str(failure)
        assert connection.phase == states.ENDED_CONNECTION
        assert len(goaways) == 1
        assert said[-1][0] == frames.GOAWAY
        assert messages.decode_goaway(goaways[0])[0] == failure.code
    for id_, channel in connection.table.open.items():
        receiver = channel.receiver
        assert channel.id == id_
        assert not channel.closed
        assert channel.sender.credit >= 0
        assert receiver.consumed <= receiver.arrived
        assert receiver.granted <= receiver.arrived <= receiver.granted + receiver.window_bytes
        assert len(receiver.items) * 64 <= receiver.arrived
    size = sum(len(payload) + HEADER_BYTES for _, _, payload in said)
    assert size <= 20 * len(stream) + 10_000, "answers are out of proportion to what was received"


splits = st.lists(st.integers(0, 10**6), max_size=6)


@given(roles, st.binary(max_size=400), splits, st.booleans(), st.booleans())
@examples(100)
def test_random_bytes_from_the_start(
    role: str, noise: bytes, cuts: list[int], through_view: bool, ends: bool
) -> None:
    survive(silent(role), noise, cuts, through_view, ends)


@given(roles, st.binary(max_size=400), splits, st.booleans(), st.booleans())
@examples(100)
def test_random_bytes_after_the_preamble_and_after_the_handshake(
    role: str, noise: bytes, cuts: list[int], through_view: bool, ends: bool
) -> None:
    start = PREAMBLE if role == INITIATOR else b""
    survive(silent(role), start + noise, cuts, through_view, ends)
    survive(with_channel(role)[0], noise, cuts, through_view, ends)


@given(roles, st.binary(max_size=300), st.sampled_from(sorted(frames.NAMES)), ids, splits)
@examples(100)
def test_random_payloads(role: str, payload: bytes, frame_type: int, id_: int, cuts: list[int]) -> None:
    connection, _ = with_channel(role)
    survive(connection, frame(frame_type, id_, payload) + data(1), cuts, False, True)


@given(roles, streams, splits, st.booleans(), st.booleans())
@examples(100)
def test_frames_of_any_kind(
    role: str, stream: bytes, cuts: list[int], through_view: bool, ends: bool
) -> None:
    survive(with_channel(role, local_hello(item=200, channels=3))[0], stream, cuts, through_view, ends)


mutations = st.lists(
    st.tuples(
        st.sampled_from(["flip", "delete", "insert", "repeat", "cut"]),
        st.integers(0, 10**6),
        st.integers(1, 255),
    ),
    min_size=1,
    max_size=4,
)


def mutate(stream: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    for kind, where, what in changes:
        at = where % (len(stream) + 1)
        head, tail = stream[:at], stream[at:]
        if kind == "flip":
            stream = head + bytes(byte ^ what for byte in tail[:1]) + tail[1:]
        elif kind == "delete":
            stream = head + tail[what % 20 :]
        elif kind == "insert":
            stream = head + bytes([what]) + tail
        elif kind == "repeat":
            stream = head + tail[: what % 40] + tail
        else:
            stream = head
    return stream


@given(roles, st.lists(legal_frames, min_size=1, max_size=8), mutations, splits, st.booleans(), st.booleans())
@examples(100)
def test_mutated_streams(
    role: str,
    legal: list[bytes],
    changes: list[tuple[str, int, int]],
    cuts: list[int],
    through_view: bool,
    ends: bool,
) -> None:
    start = (PREAMBLE if role == INITIATOR else b"") + hello_frame()
    if role == WORKER:
        start += execute(1)
    survive(silent(role), mutate(start + b"".join(legal), changes), cuts, through_view, ends)
