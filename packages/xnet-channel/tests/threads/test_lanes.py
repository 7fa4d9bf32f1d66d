"""The compiled short way against pure Python: the same frames and calls leave the same behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as some

from core_helpers import WINDOW, batch, data, examples, frame, hello_frame, last, part
from raw_peer import RawPeer
from xnet_channel.threads import leader_follower
from xnet_channel.threads.channel import Channel
from xnet_wire import frames, messages
from xnet_wire.errors import DumpError
from xnet_wire.limits import Limits
from xnet_wire.messages import Hello

pytest.importorskip(
    "xnet_speedups._lane", reason="xnet-speedups is not installed, or was without its compiled part"
)
if not hasattr(Channel.send, "__wrapped__"):
    pytest.skip("the compiled parts are switched off", allow_module_level=True)


class Unread(RawPeer):
    """A session that nobody reads for but who waits: what happens does not depend on the reactor's time."""

    def __init__(self, lane: bool, hello: Hello, item: int) -> None:
        super().__init__(hello=hello, item=item)
        self.channel = self.session.request(frames.INFO)
        self.until(frames.INFO)
        with self.session.lock:
            self.session.leading._detach_locked()
        assert self.session.link.lane is not None
        if not lane:
            self.session.link.lane = None
        # The first wait makes what all later ones use.
        self.write(data(1, "first"))
        assert self.channel.receive() == "first"
        self.socket.setblocking(False)

    def written(self) -> bytes:
        """Return what the session has written since the last time."""
        found = b""
        try:
            while more := self.socket.recv(1 << 20):
                found += more
        except BlockingIOError:
            pass
        return found

    def state(self) -> tuple[object, ...]:
        """Return all that counts for what comes next."""
        session = self.session
        channel, connection = self.channel._mailbox.state, session.connection
        sender, receiver = channel.sender, channel.receiver
        return (
            (
                connection.phase,
                str(connection.failure),
                session.link.eof,
                session.finished,
                sorted(connection.table.open),
            ),
            (sender.state, sender.credit, sender.in_parts, self.channel._mailbox.turns),
            (receiver.state, receiver.arrived, receiver.consumed, receiver.granted, list(receiver.items)),
            (receiver.account.kept_bytes, receiver.parts is None, connection.receiving.decoder.rest),
            (connection.out.queued_bytes, session.writer.written_bytes, len(connection.out.buffers)),
            session.leading._leader,
        )


@contextmanager
def unread(lane: bool, hello: Hello, item: int) -> Iterator[Unread]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leader_follower, "LENT_S", 1_000_000.0)
        peer = Unread(lane, hello, item)
        try:
            yield peer
        finally:
            peer.close()


ITEMS = some.one_of(
    some.integers(-(2**70), 2**70),
    some.sampled_from(
        [
            None,
            1.5,
            "x" * 300,
            b"y" * 2000,
            (1, (2,)),
            {"id": 7, "name": "item"},
            [{1, 2}],
            bytes(30_000),
            object(),
        ]
    ),
    some.lists(some.text(max_size=60), min_size=1, max_size=8),
)
#: One item for the channel, as nearly all that comes.
PLAIN = ITEMS.filter(lambda item: type(item) is not object).map(lambda item: data(1, item))
#: What may come beside items.
OTHERS = [
    frame(frames.CHANNEL_CREDIT, 1, messages.encode_credit(5000)),
    frame(frames.CHANNEL_OPEN, 2) + frame(frames.CHANNEL_CLOSE, 2),
    frame(frames.PING, 0, b"!"),
    data(3),
    frame(frames.CHANNEL_DATA, 1, b"\xff"),
    frame(frames.CHANNEL_DATA, 1, b""),
    frame(frames.CHANNEL_DATA, 1, b"\xd9\xe4\x22\x02"),  # a reference to a channel that there is not
    batch(1, 1, "two"),
    part(1, b"\x42") + frame(frames.CHANNEL_DATA, 1, b"ab"),
    part(1, b"\x64") + frame(frames.CHANNEL_DATA, 1, b"\x01"),
    part(1, b"\x4e"),
    last(1),
    frame(frames.CHANNEL_CLOSE, 1),
    frame(frames.CHANNEL_OPEN, 2),
    frame(frames.RECONFIGURE, 1, messages.encode_reconfigure((False, True))),
    frame(99),
    hello_frame(),
]
ARRIVING = some.one_of(*[PLAIN] * 7, some.sampled_from(OTHERS[:3]), some.sampled_from(OTHERS))
STEPS = some.lists(
    some.one_of(
        some.tuples(some.just("arrive"), some.lists(ARRIVING, min_size=1, max_size=8), some.integers(0, 40)),
        some.tuples(some.just("arrive"), some.lists(PLAIN, max_size=30), some.just(0)),
        some.tuples(some.just("send"), ITEMS),
        some.just(("receive",)),
        some.just(("receive",)),
    ),
    max_size=25,
)


class Script:
    """Makes the steps of one example, on a session with the short way or without it."""

    def __init__(self, peer: Unread) -> None:
        self.peer = peer
        self.channel = peer.channel
        self._held_back = b""
        self._room = 120_000  # bytes that a socket surely takes while nobody reads

    def arrive(self, arriving: list[bytes], cut: int) -> None:
        """Have frames come; the end of the last one comes with the next."""
        stream = self._held_back + b"".join(arriving)
        if len(stream) > self._room:
            return
        self._room -= len(stream)
        now = max(0, len(stream) - cut)
        self._held_back = stream[now:]
        self.peer.socket.sendall(stream[:now])

    def send(self, item: object) -> object:
        """Send, if that cannot have to wait for credit."""
        if self.channel._mailbox.state.sender.credit < 40_000:
            return self.channel._send_at_once(item)
        return self.channel.send(item)

    def receive(self) -> object:
        """Receive, with something behind what has come that ends the wait at the latest."""
        if not self.channel._receiver.items:
            self._room = max(self._room, len(self._held_back) + 100)
            self.arrive([data(1, "at the latest")], 0)
        return self.channel.receive()


def outcomes(steps: list[tuple[Any, ...]], item: int, lane: bool) -> list[Any]:
    """Return what came of each step, what the session wrote in it, and all that counts from then on."""
    seen = []
    with unread(lane, Hello("tested", credit=WINDOW, limits=Limits(memory=65_536 * 40)), item) as peer:
        script = Script(peer)
        for name, *arguments in steps:
            try:
                came: object = getattr(script, name)(*arguments)
            except (OSError, EOFError, DumpError) as error:
                came = type(error), str(error)
            seen.append((name, came, peer.written(), peer.state()))
    return seen


@examples(150, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, some.sampled_from([2**31 - 1, 100]))
def test_the_same_frames_and_calls_leave_the_same(steps: list[tuple[Any, ...]], item: int) -> None:
    short, long = outcomes(steps, item, lane=True), outcomes(steps, item, lane=False)
    for number, (one, other) in enumerate(zip(short, long, strict=True)):
        assert one == other, f"step {number}: {steps[number]}"
