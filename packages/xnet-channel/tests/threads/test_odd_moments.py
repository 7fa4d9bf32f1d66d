"""What went wrong once, each at an odd moment. A name begins with the module that was at fault."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading

import pytest

from background import Background
from core_helpers import close, data, last
from programs import in_child
from raw_peer import decoded, raw_peer
from threads_helpers import PATIENCE_S, HandingOver, eventually, pair
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_channel.threads.ending import Ending
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_wire import frames
from xnet_wire.errors import DumpError
from xnet_wire.limits import Limits
from xnet_wire.messages import Hello


def test_callbacks_ch_037_one_that_fails_on_a_channel_that_has_closed_is_not_called_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threading.excepthook", lambda call: None)
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(*[data(channel.id, n) for n in range(3)], close(channel.id))
        peer.barrier()
        got: list[object] = []

        def fail(item: object) -> None:
            got.append(item)
            raise ValueError(item)

        channel.setcallback(fail)
        assert got == [0]


def test_callbacks_an_end_that_is_told_twice_counts_once() -> None:
    with raw_peer() as peer:
        session = peer.session
        slow, ends, _stays = [session.request(frames.INFO) for _ in range(3)]
        inside, go_on = threading.Event(), threading.Event()

        def wait(item: object) -> None:
            inside.set()
            go_on.wait(PATIENCE_S)

        slow.setcallback(wait)
        ends.setcallback(lambda item: None)
        peer.write(data(slow.id))
        assert inside.wait(PATIENCE_S)
        peer.write(last(ends.id), close(ends.id), data(slow.id))
        peer.barrier()
        go_on.set()
        assert eventually(lambda: not slow._receiver.items)
        assert session.leading.callback_count == 1


def test_callbacks_one_that_setcallback_runs_may_wait_for_the_end() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        theirs.send(1)
        assert both.worker.ping(b"arrived", PATIENCE_S)
        said: list[object] = []

        def take(item: object) -> None:
            theirs.close()
            ours.waitclose(PATIENCE_S)
            said.append(item)

        ours.setcallback(take)
        assert said == [1]


@pytest.mark.parametrize("item", [b"x" * 2000, "x" * 2000, ["x" * 2000]], ids=["bytes", "text", "list"])
def test_sending_va_008_small_but_larger_than_the_other_side_takes(item: object) -> None:
    with raw_peer(item=1000) as peer:
        channel = peer.session.request(frames.INFO)
        with pytest.raises(DumpError, match="at most 1000"):
            channel.send(item)
        with pytest.raises(DumpError, match="at most 1000"):
            channel.send_many([1, item, 2])
        channel.send("usable")
        assert list(decoded(peer.barrier(), channel.id)) == [1, "usable"]


def test_sending_va_008_deeper_than_the_other_side_takes() -> None:
    ours, theirs = socket.socketpair()
    owner = HandingOver()
    session = Session(ours.detach(), role=INITIATOR)
    other = Session(theirs.detach(), role=WORKER, owner=owner, hello=Hello(limits=Limits(depth=64)))
    session.wait_hello(PATIENCE_S)
    channel = session.request(frames.INFO)
    deep: object = 1
    for _ in range(65):
        deep = [deep]
    try:
        with pytest.raises(DumpError):
            channel.send(deep)
        with pytest.raises(DumpError):
            channel.send_many([1, deep])
        channel.send("usable")
        theirs_ = owner.channels.get(timeout=PATIENCE_S)
        assert [theirs_.receive(PATIENCE_S), theirs_.receive(PATIENCE_S)] == [1, "usable"]
    finally:
        session.close()
        other.close()


@pytest.mark.parametrize("limit_s", [3e6, 1e9, threading.TIMEOUT_MAX, float("inf")])
def test_leading_a_time_limit_may_be_very_long(limit_s: float) -> None:
    with raw_peer() as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        leader = Background(channel.receive, limit_s)
        assert eventually(lambda: session.leading._leader == leader.ident or not leader.goes_on)
        follower = Background(channel.waitclose, limit_s)
        assert eventually(lambda: session.leading._followers == 1 or not follower.goes_on)
        peer.write(data(channel.id))
        assert leader.end() == 7
        peer.write(close(channel.id))
        assert follower.end() is None


@pytest.mark.parametrize("what", ["receive", "waitclose"])
def test_relief_fc_042_a_channel_that_opens_while_somebody_waits_counts_too(what: str) -> None:
    with pair() as both:
        ours, theirs = both.channels()
        waiting = Background(getattr(ours, what), 5)
        assert eventually(lambda: both.initiator.leading._leader == waiting.ident)
        _never_taken, fills = both.channels()

        def send() -> None:
            for _ in range(4):
                fills.send(bytes(900_000))
            theirs.close() if what == "waitclose" else theirs.send("done")

        sending = Background(send)
        assert waiting.end() == (None if what == "waitclose" else "done")
        assert sending.end() is None


def stands_for(fd: int, path: str) -> list[int]:
    """Open a file until one has this number."""
    opened = [os.open(path, os.O_RDWR | os.O_CREAT)]
    while opened[-1] != fd and len(opened) < 100:
        opened.append(os.open(path, os.O_RDWR))
    assert opened[-1] == fd
    return opened


def test_writer_nothing_is_written_to_a_descriptor_that_was_given_back(tmp_path: object) -> None:
    with raw_peer() as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        peer.write(*[data(channel.id, b"x" * 300_000)] * 3)
        peer.barrier()
        fd = session.descriptors.read_fd
        peer.write(b"\4\0\0")
        peer.socket.shutdown(socket.SHUT_WR)
        assert session.wait_finished(PATIENCE_S)
        assert eventually(lambda: not session.descriptors._open)
        path = f"{tmp_path}/mine"
        opened = stands_for(fd, path)
        for _ in range(3):
            channel.receive(0)
        assert os.path.getsize(path) == 0
        for each in opened:
            os.close(each)


def test_writer_er_002_the_peer_is_told_though_its_stream_has_ended() -> None:
    with raw_peer() as peer:
        _channel = peer.session.request(frames.INFO)  # dropped, it would be closed at any moment
        peer.barrier()
        peer.write(b"\4\0\0")
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.read()[0] == frames.GOAWAY


def test_forking_a_child_writes_nothing_of_what_its_parent_had_queued(tmp_path: object) -> None:
    with raw_peer(credit=2**30) as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        peer.write(*[data(channel.id, b"x" * 300_000)] * 3)
        assert eventually(lambda: len(channel._receiver.items) == 3)
        sending = Background(channel.send, b"secret" * 500_000)
        assert eventually(lambda: session.writer._waiting == 1)
        path = f"{tmp_path}/mine"

        def use() -> int:
            stands_for(session.descriptors.read_fd, path)
            for _ in range(3):
                channel.receive(0)
            return os.path.getsize(path)

        assert in_child(use) == "0"
        session.close(flush_s=0.0)
        sending.end()


def test_forking_a_callback_that_ran_in_the_parent_does_not_stop_the_child() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        other, _ = both.channels()
        inside, go_on = threading.Event(), threading.Event()

        def wait(item: object) -> None:
            inside.set()
            go_on.wait(PATIENCE_S)

        ours.setcallback(wait)
        theirs.send(1)
        assert inside.wait(PATIENCE_S)

        def set_one() -> list[object]:
            signal.alarm(3)
            got: list[object] = []
            other.setcallback(got.append, endmarker="end")
            return got

        try:
            assert in_child(set_one) == "['end']"
        finally:
            go_on.set()


class Waits(SessionOwner):
    """As a gateway: ends the session when it knows how the process ended."""

    def on_eof(self, ending: Ending, error: OSError | None) -> None:
        pass


def test_dropping_between_the_end_of_the_stream_and_that_of_the_session(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with raw_peer(owner=Waits()) as peer:
        channel = peer.session.request(frames.INFO)
        channel.setcallback(lambda item: None)
        peer.barrier()
        peer.socket.close()
        assert eventually(lambda: peer.session.link.eof)
        del channel
        gc.collect()
        done = threading.Event()
        peer.session.reactor.call_soon(done.set)
        assert done.wait(PATIENCE_S)
        assert capsys.readouterr().err == ""


def test_leading_a_signal_handler_may_use_the_session_in_which_its_thread_waits() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        other, their_other = both.channels()
        session = both.initiator
        me = threading.get_ident()
        got: list[object] = []

        def handler(signum: int, frame: object) -> None:
            other.send("asked")
            got.append(other.receive(PATIENCE_S))

        def work() -> None:
            assert eventually(lambda: session.leading._leader == me)
            os.kill(os.getpid(), signal.SIGUSR1)
            their_other.send((their_other.receive(PATIENCE_S), "answered"))
            assert eventually(lambda: bool(got))
            theirs.send("item")

        before = signal.signal(signal.SIGUSR1, handler)
        try:
            thread = Background(work)
            assert ours.receive(PATIENCE_S) == "item"
            assert thread.end() is None
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert got == [("asked", "answered")]
