"""Channels that nobody holds any more. Spec: CH-051, CH-052."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from types import FrameType

import pytest

from core_helpers import close, frame, last
from raw_peer import raw_peer, reference
from threads_helpers import PATIENCE_S
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.finalizers import Finalizers
from xnet_channel.threads.session import Session
from xnet_wire import frames


def let_the_reactor_close(session: Session) -> None:
    """Wait until the reactor has done what it was asked for before."""
    done = threading.Event()
    session.reactor.call_soon(done.set)
    assert done.wait(PATIENCE_S)


class InACycle:
    """Is found by the garbage collector only."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.me = self


def test_ch_051_without_a_callback_it_is_closed_once() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        id_ = channel.id
        peer.barrier()
        del channel
        gc.collect()
        let_the_reactor_close(peer.session)
        assert peer.barrier() == [(frames.CHANNEL_CLOSE, id_, b"")]


def test_ch_051_with_a_callback_only_the_sending_ends() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        id_ = channel.id
        peer.barrier()
        seen = threading.Event()
        channel.setcallback(lambda item: seen.set(), endmarker="end")
        del channel
        gc.collect()
        let_the_reactor_close(peer.session)
        assert peer.barrier() == [(frames.CHANNEL_LAST_MESSAGE, id_, b"")]
        # Spec: CH-052
        peer.write(last(id_))
        assert peer.until(frames.CHANNEL_CLOSE) == [(frames.CHANNEL_CLOSE, id_, b"")]
        assert seen.is_set()


def test_a_channel_that_is_closed_or_of_a_session_that_has_ended_says_nothing() -> None:
    with raw_peer() as peer:
        closed, by_peer, open_ = [peer.session.request(frames.INFO) for _ in range(3)]
        closed.close()
        peer.write(close(by_peer.id))
        peer.barrier()
        del closed, by_peer
        gc.collect()
        let_the_reactor_close(peer.session)
        assert peer.barrier() == []
        peer.session.close(flush_s=0.0)
        del open_
        gc.collect()
        let_the_reactor_close(peer.session)
        with pytest.raises(EOFError):
            peer.read()


def test_a_finaliser_in_the_middle_of_a_change_only_makes_a_note() -> None:
    """The collector runs at any bytecode, also of a thread that holds the locks."""
    with raw_peer() as peer:
        held = InACycle(peer.session.request(frames.INFO))
        id_ = held.channel.id
        peer.barrier()
        queued_bytes = peer.session.connection.out.queued_bytes
        with peer.session.lock, peer.session.reactor._lock:
            del held
            gc.collect()
            assert peer.session.connection.out.queued_bytes == queued_bytes
            assert id_ in peer.session.connection.table.open
        assert peer.read() == (frames.CHANNEL_CLOSE, id_, b"")


def test_dropping_waits_for_no_other_thread() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        mailbox = channel._mailbox
        locked, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            with peer.session.lock:
                locked.set()
                go_on.wait(PATIENCE_S)

        holder = threading.Thread(target=hold)
        holder.start()
        assert locked.wait(PATIENCE_S)
        del channel
        gc.collect()
        assert mailbox.ref() is None  # the finaliser has run, and returned
        go_on.set()
        holder.join(PATIENCE_S)
        peer.until(frames.CHANNEL_CLOSE)


def test_an_item_may_bring_it_back() -> None:
    with raw_peer() as peer:
        session = peer.session
        held, other = session.request(frames.INFO), session.request(frames.INFO)
        id_ = held.id
        peer.barrier()
        with session.lock:
            del held
            gc.collect()
            peer.write(reference(other.id, id_))
            session.leading.reading.read_rest_locked(1)
        let_the_reactor_close(session)
        assert peer.barrier() == []
        again = other.receive(PATIENCE_S)
        assert again.id == id_
        again.send(7)
        assert peer.until(frames.CHANNEL_DATA)[-1][1] == id_
        del again
        gc.collect()
        assert peer.until(frames.CHANNEL_CLOSE)[-1][1] == id_


def test_many_are_closed_together() -> None:
    with raw_peer() as peer:
        channels = [peer.session.request(frames.INFO) for _ in range(100)]
        ids = [channel.id for channel in channels]
        peer.barrier()
        del channels
        gc.collect()
        let_the_reactor_close(peer.session)
        assert sorted(peer.barrier()) == [(frames.CHANNEL_CLOSE, id_, b"") for id_ in ids]
        assert not peer.session.connection.table.open


def test_an_error_that_nobody_received_is_written_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with raw_peer() as peer:
        seen, unseen = peer.session.request(frames.INFO), peer.session.request(frames.INFO)
        peer.write(close(seen.id, "somebody saw it"), close(unseen.id, "nobody saw it"))
        peer.barrier()
        with pytest.raises(Exception, match="somebody saw it"):
            seen.waitclose(PATIENCE_S)
        del seen, unseen
        gc.collect()
        said = capsys.readouterr().err
        assert "nobody saw it" in said
        assert "somebody saw it" not in said


def test_it_is_dropped_though_its_callback_is_in_the_middle_of_an_item() -> None:
    """The callback holds nothing: what it is called with decides how long the channel lives."""
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        id_ = channel.id
        inside, go_on = threading.Event(), threading.Event()

        def callback(item: object) -> None:
            inside.set()
            go_on.wait(PATIENCE_S)

        channel.setcallback(callback)
        peer.barrier()
        peer.write(frame(frames.CHANNEL_DATA, id_, b"\x07"))
        assert inside.wait(PATIENCE_S)
        del channel
        gc.collect()
        assert peer.read() == (frames.CHANNEL_LAST_MESSAGE, id_, b"")
        peer.write(close(id_))
        go_on.set()
        peer.barrier()
        assert id_ not in peer.session.connection.table.open


def test_ctrl_c_inside_of_a_finaliser_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would print "Exception ignored in" and go on."""
    ignored: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", ignored.append)
    inside: list[str] = []

    def interrupt(code_frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and code_frame.f_code is Finalizers.finalise.__code__ and not inside:
            inside.append("finaliser")
            signal.raise_signal(signal.SIGINT)

    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        id_ = channel.id
        peer.barrier()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - that it comes later is what is tested
                sys.setprofile(interrupt)
                try:
                    del channel  # no collection: it has finalisers of others
                finally:
                    sys.setprofile(None)
                inside.append("behind it")
                threading.Event().wait(PATIENCE_S)
        finally:
            signal.signal(signal.SIGINT, before)
        assert inside == ["finaliser", "behind it"]
        assert ignored == []
        assert peer.read() == (frames.CHANNEL_CLOSE, id_, b"")


def test_timers_run_however_many_channels_are_dropped_meanwhile() -> None:
    with raw_peer() as peer:
        reactor = peer.session.reactor
        ran = threading.Event()

        def again() -> None:
            if not ran.is_set():
                reactor.call_soon(again)

        reactor.call_soon(again)
        reactor.call_later(0.01, ran.set)
        try:
            assert ran.wait(PATIENCE_S)
        finally:
            ran.set()
