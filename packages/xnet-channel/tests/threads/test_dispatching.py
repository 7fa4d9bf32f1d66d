"""From an event of the core to whoever waits for it."""

from __future__ import annotations

import queue
import socket
import threading

import pytest

from core_helpers import close, data, execute, frame, last
from raw_peer import RawPeer, raw_peer
from threads_helpers import PATIENCE_S, HandingOver, eventually
from xnet_channel.core import events
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_wire import frames, messages, values
from xnet_wire.errors import DumpError
from xnet_wire.messages import ExecRequest, Hello


class Noting(SessionOwner):
    """Notes what it is told, and by whom."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[object, ...]] = queue.Queue()
        self.session: Session | None = None
        self.hellos: list[Hello] = []

    def on_hello(self, hello: Hello) -> None:
        self.hellos.append(hello)

    def on_request(self, frame_type: int, channel: Channel, request: ExecRequest | None) -> None:
        self._note(frame_type, channel, request)

    def on_terminate(self, finish_s: float | None, interrupt_s: float | None) -> None:
        self._note("terminate", finish_s, interrupt_s)
        assert self.session is not None
        self.session.end_receiving_locked("asked to end")

    def _note(self, *words: object) -> None:
        assert self.session is not None
        assert self.session.lock._is_owned()  # type: ignore[attr-defined]
        self.told.put(words)


def test_every_event_of_the_core_has_a_handler() -> None:
    with raw_peer() as peer:
        assert set(peer.session._dispatcher.handlers) == set(events.Event.__subclasses__())


def test_whoever_waits_is_woken_by_what_it_waits_for() -> None:
    """One thread leads, the others follow; each waits for another thing."""
    with raw_peer() as peer:
        session = peer.session
        receiving, closing, failing, sending = [session.request(frames.INFO) for _ in range(4)]
        sending.send(b"x" * 15_000)
        outcomes: dict[str, object] = {}

        def note(name: str, action: object) -> None:
            try:
                outcomes[name] = action()  # type: ignore[operator]
            except Exception as error:  # noqa: BLE001 - the test looks at it
                outcomes[name] = repr(error)

        actions = {
            "item": lambda: receiving.receive(PATIENCE_S),
            "last": lambda: closing.waitclose(PATIENCE_S),
            "error": lambda: failing.receive(PATIENCE_S),
            "credit": lambda: sending.send(b"x" * 60_000),
            "pong": lambda: session.ping(b"?", PATIENCE_S),
        }
        threads = [threading.Thread(target=note, args=action) for action in actions.items()]
        for thread in threads:
            thread.start()
        assert eventually(lambda: session.leading._followers == len(threads) - 1)
        peer.write(
            frame(frames.CHANNEL_CREDIT, sending.id, values.encode(15_067)),
            close(failing.id, "the reason"),
            data(receiving.id),
            last(closing.id),
            frame(frames.PONG, 0, b"?"),
        )
        for thread in threads:
            thread.join(PATIENCE_S)
        assert outcomes == {
            "item": 7,
            "last": None,
            "error": "RemoteError: the reason",
            "credit": None,
            "pong": True,
        }


def test_ch_041_the_error_comes_after_the_items() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(data(channel.id, 1), data(channel.id, 2), close(channel.id, "the reason"))
        peer.barrier()
        assert [channel.receive(0), channel.receive(0)] == [1, 2]
        with pytest.raises(RemoteError, match="the reason"):
            channel.receive(0)


def test_the_last_message_ends_one_direction_only() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(data(channel.id), last(channel.id))
        assert list(channel) == [7]
        assert not channel.isclosed()
        channel.send("still")
        assert peer.until(frames.CHANNEL_DATA)[-1][1] == channel.id


def worker(owner: Noting, credit: int = 65_536) -> RawPeer:
    peer = RawPeer(WORKER, owner=owner, hello=Hello("worker", credit=credit))
    owner.session = peer.session
    return peer


def test_the_owner_hears_of_requests_under_the_lock() -> None:
    owner = Noting()
    peer = worker(owner)
    try:
        assert [hello.implementation for hello in owner.hellos] == ["peer"]
        peer.write(frame(frames.STATUS, 1), execute(3))
        kind, status, request = owner.told.get(timeout=PATIENCE_S)
        assert (kind, request) == (frames.STATUS, None)
        assert isinstance(status, Channel)
        kind, channel, request = owner.told.get(timeout=PATIENCE_S)
        assert kind == frames.CHANNEL_EXEC
        assert isinstance(request, ExecRequest)
        assert isinstance(channel, Channel)
        channel.send("answer")
        assert peer.until(frames.CHANNEL_DATA)[-1][1] == 3
    finally:
        peer.close()


@pytest.mark.parametrize("features", [(), ("exec.python",), ("surrogates", "other")])
def test_va_013_texts_with_surrogates_go_to_who_takes_them(features: tuple[str, ...]) -> None:
    ours, theirs = socket.socketpair()
    owner = HandingOver()
    session = Session(ours.detach(), role=INITIATOR)
    other = Session(theirs.detach(), role=WORKER, owner=owner, hello=Hello(features=features))
    item = {"k\udcff": ["\ud800", "\ud83d\ude00"]}
    try:
        session.wait_hello(PATIENCE_S)
        channel = session.request(frames.INFO)
        their_end = owner.channels.get(timeout=PATIENCE_S)
        if "surrogates" in features:
            channel.send(item)
            channel.send_many([item, 1])
            assert [their_end.receive(PATIENCE_S) for _ in range(3)] == [item, item, 1]
        else:
            for send in (channel.send, lambda odd: channel.send_many([odd])):
                with pytest.raises(DumpError, match=r"a str with a lone surrogate .* at \.<key"):
                    send(item)
            channel.send("usable")
            assert their_end.receive(PATIENCE_S) == "usable"
        their_end.send(item)  # the other direction: we take them in any case
        assert channel.receive(PATIENCE_S) == item
    finally:
        session.close()
        other.close()


def test_gr_006_items_for_a_worker_that_ends_are_dropped_and_cost_their_sender_nothing() -> None:
    owner = Noting()
    peer = worker(owner)
    try:
        peer.write(execute(1))
        _, channel, _ = owner.told.get(timeout=PATIENCE_S)
        assert isinstance(channel, Channel)
        peer.write(frame(frames.GATEWAY_TERMINATE, 0, messages.encode_terminate(1500)))
        assert owner.told.get(timeout=PATIENCE_S) == ("terminate", 1.5, None)
        for _ in range(10):  # ten times the window
            peer.write(data(1, b"x" * 32_000), data(1, b"x" * 32_000))
            credit = (frames.CHANNEL_CREDIT, 1, messages.encode_credit(2 * (32_003 + 64)))
            assert peer.until(frames.CHANNEL_CREDIT)[-1] == credit
        assert not channel._receiver.items
        with pytest.raises(EOFError, match="asked to end"):
            channel.receive(0)
    finally:
        peer.close()
