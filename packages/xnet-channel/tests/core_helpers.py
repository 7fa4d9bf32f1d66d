"""What the tests of the sans-IO core share: connections past their handshake, frames by hand, what was sent.

The generated tests have a short form, which is the same on every run, and a long one: XNET_FUZZ=1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from hypothesis import settings

from xnet_channel.core.account import Account
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.core.events import (
    ChannelClosed,
    ChannelOpened,
    CreditReceived,
    Event,
    ItemsReceived,
    RequestReceived,
    TerminateReceived,
)
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values
from xnet_wire.channel_errors import ERROR, ChannelError, encode_channel_error
from xnet_wire.limits import ITEM_COST_BYTES, UNLIMITED_BYTES, Limits
from xnet_wire.messages import ExecRequest, Hello

Frame = tuple[int, int, bytes]

FUZZ: Final = bool(os.environ.get("XNET_FUZZ"))

#: The smallest window a peer may announce.
WINDOW: Final = 65_536
EXEC_PAYLOAD: Final = messages.encode_exec(ExecRequest("pass"))


def examples(short: int, long: int = 20_000, **more: Any) -> settings:
    """Return the settings of a generated test: so many examples, or with XNET_FUZZ=1 many more."""
    count = long if FUZZ else min(short, settings().max_examples)
    return settings(max_examples=count, deadline=None, derandomize=not FUZZ, **more)


def account(limit_bytes: int = UNLIMITED_BYTES) -> Account:
    """Return a new count of what is kept."""
    return Account(limit_bytes)


def other(role: str) -> str:
    return WORKER if role == INITIATOR else INITIATOR


def frame(frame_type: int, channel: int = 0, payload: bytes = b"") -> bytes:
    return frames.encode_header(frame_type, channel, len(payload)) + payload


def hello_frame(hello: Hello | None = None) -> bytes:
    return frame(frames.HELLO, 0, messages.encode_hello(hello or Hello("peer", credit=WINDOW)))


def data(channel: int, item: object = 7) -> bytes:
    return frame(frames.CHANNEL_DATA, channel, encode(item))


def batch(channel: int, *items: object) -> bytes:
    return frame(frames.CHANNEL_BATCH, channel, values.encode_batch([encode(item) for item in items]))


def part(channel: int, payload: bytes) -> bytes:
    return frame(frames.CHANNEL_PART, channel, payload)


def last(channel: int) -> bytes:
    return frame(frames.CHANNEL_LAST_MESSAGE, channel)


def close(channel: int, error: str | None = None, code: str = ERROR) -> bytes:
    if error is None:
        return frame(frames.CHANNEL_CLOSE, channel)
    return frame(frames.CHANNEL_CLOSE_ERROR, channel, encode_channel_error(ChannelError(error, code)))


def credit(channel: int, count: int) -> bytes:
    return frame(frames.CHANNEL_CREDIT, channel, messages.encode_credit(count))


def open_(channel: int) -> bytes:
    return frame(frames.CHANNEL_OPEN, channel)


def execute(channel: int) -> bytes:
    return frame(frames.CHANNEL_EXEC, channel, EXEC_PAYLOAD)


def encode(item: object) -> bytes:
    return values.encode(item, ChannelState, lambda state: state.id)  # type: ignore[attr-defined]


def local_hello(**limits: int) -> Hello:
    window = limits.pop("credit", WINDOW)
    return Hello("local", limits=Limits(**limits), credit=window)


def silent(role: str, local: Hello | None = None) -> Connection:
    """Return a connection that has said HELLO and heard nothing; a channel stands for itself in items."""
    connection = Connection(role, local or local_hello(), lambda state: state)
    connection.start()
    connection.data_to_send()
    return connection


def running(role: str, local: Hello | None = None, peer: Hello | None = None) -> Connection:
    """Return a connection that is past its handshake."""
    connection = silent(role, local)
    noise = PREAMBLE if role == INITIATOR else b""
    connection.receive_data(noise + hello_frame(peer))
    assert connection.failure is None, connection.failure
    return connection


def with_channel(
    role: str, local: Hello | None = None, peer: Hello | None = None
) -> tuple[Connection, ChannelState]:
    """Return a running connection with channel 1 open."""
    connection = running(role, local, peer)
    if role == INITIATOR:
        channel = connection.send_request(frames.CHANNEL_EXEC, EXEC_PAYLOAD)
    else:
        (event,) = connection.receive_data(execute(1))
        assert isinstance(event, RequestReceived)
        channel = event.channel
    connection.data_to_send()
    return connection, channel


def sent(connection: Connection) -> list[Frame]:
    """Return the frames that wait to be written."""
    stream = b"".join(connection.data_to_send()).removeprefix(PREAMBLE)
    decoder = frames.FrameDecoder(2**31)
    arrived = decoder.feed(stream)
    decoder.eof()
    return [(frame_type, channel, bytes(payload)) for frame_type, channel, payload in arrived]


def failed_with(connection: Connection) -> int:
    """Return the code with which the connection has ended by the peer's mistake.

    The peer has been told the same, in a sentence, and nothing after it. Spec: ER-001, ER-002, ER-006.
    """
    failure = connection.failure
    assert isinstance(failure, RemoteProtocolError), failure
    assert failure.code in codes.NAMES
    assert len(str(failure).split()) > 4, str(failure)
    frame_type, channel, payload = sent(connection)[-1]
    assert (frame_type, channel) == (frames.GOAWAY, 0)
    code, text, _ = messages.decode_goaway(payload)
    assert code == failure.code
    assert text == str(failure) or "cut here" in text
    return code


def code_of(role: str, stream: bytes, **limits: int) -> int:
    """Return the code with which a running connection ends that has channel 1 open."""
    connection, _ = with_channel(role, local_hello(**limits))
    connection.receive_data(stream)
    return failed_with(connection)


def taken(connection: Connection, channel: ChannelState) -> list[Any]:
    """Take all that waits on the channel."""
    return [connection.take(channel) for _ in range(len(channel.receiver.items))]


def told(events: list[Event]) -> list[tuple[object, ...]]:
    """Return events as values that do not depend on how the stream was split into reads."""
    story: list[tuple[object, ...]] = []
    for event in events:
        name = type(event).__name__
        if isinstance(event, ItemsReceived):
            story += [(name, event.channel.id)] * event.count
        elif isinstance(event, ChannelClosed):
            story.append((name, event.channel.id, event.error))
        elif isinstance(event, RequestReceived):
            story.append((name, event.channel.id, event.frame_type, repr(event.request)))
        elif isinstance(event, CreditReceived | ChannelOpened):
            story.append((name, event.channel.id))
        elif isinstance(event, TerminateReceived):
            story.append((name, event.finish_ms, event.interrupt_ms))
        else:
            story.append((name,))
    return story


def cost(payload: bytes) -> int:
    """Return what a CHANNEL_DATA frame costs."""
    return len(payload) + ITEM_COST_BYTES


Deliver = Callable[[Connection, bytes], list[Event]]


def deliver_whole(connection: Connection, stream: bytes) -> list[Event]:
    return connection.receive_data(stream)


def deliver_in(size: int) -> Deliver:
    """Return a delivery in pieces of so many bytes."""

    def deliver(connection: Connection, stream: bytes) -> list[Event]:
        events: list[Event] = []
        for start in range(0, len(stream), size):
            events += connection.receive_data(stream[start : start + size])
        return events

    return deliver


def deliver_through_view(connection: Connection, stream: bytes, size: int = 700) -> list[Event]:
    """Deliver as the shell does: what is missing of a large payload straight into its buffer."""
    events: list[Event] = []
    while stream:
        view = connection.receiving.pending_view()
        if view is None:
            piece, stream = stream[:size], stream[size:]
            events += connection.receive_data(piece)
        else:
            count = min(size, len(view), len(stream))
            view[:count] = stream[:count]
            stream = stream[count:]
            del view
            events += connection.receiving.pending_filled(count)
    return events
