"""A session as a whole: threads, ends, limits."""

from __future__ import annotations

import os
import queue
import socket
import threading

import pytest

from threads_helpers import PATIENCE_S, eventually, pair
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError, TimeoutError
from xnet_channel.threads.session import Session
from xnet_wire import frames
from xnet_wire.messages import ExecRequest, encode_exec


def send_back(channel: Channel) -> None:
    for item in channel:
        channel.send(item)


def test_threads_on_many_channels_never_interleave() -> None:
    with pair() as both:
        sums: queue.Queue[tuple[int, int]] = queue.Queue()

        def work(number: int) -> None:
            ours, theirs = channels[number]
            echo = threading.Thread(target=send_back, args=(theirs,))
            echo.start()
            for item in range(200):
                ours.send((number, item))
                assert ours.receive(PATIENCE_S) == (number, item)
            ours.close()
            echo.join()
            sums.put((number, 200))

        channels = [both.channels() for _ in range(8)]
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(sums.get_nowait() for _ in threads) == [(number, 200) for number in range(8)]


def test_the_end_reaches_everybody_who_waits() -> None:
    with pair() as both:
        ours, _theirs = both.channels()
        others, _their_others = both.channels()
        got: queue.Queue[object] = queue.Queue()
        others.setcallback(got.put, endmarker="end")

        def waits(action: object) -> None:
            try:
                action()  # type: ignore[operator]
            except EOFError as error:
                got.put(str(error))

        for action in (ours.receive, ours.waitclose, lambda: next(ours)):
            threading.Thread(target=waits, args=(action,), daemon=True).start()
        both.worker.close()
        ends = [str(got.get(timeout=PATIENCE_S)) for _ in range(4)]
        assert "end" in ends
        assert sum("the other side ended" in end for end in ends) == 3
        with pytest.raises(OSError, match="cannot send"):
            ours.send(1)


def test_many_sessions_leave_nothing_behind() -> None:
    with pair():
        pass
    before = len(os.listdir("/dev/fd"))
    reactors = _reactors()  # those that are tested alone keep their threads
    for _ in range(30):
        with pair() as both:
            ours, theirs = both.channels()
            ours.send(1)
            assert theirs.receive(PATIENCE_S) == 1
    assert len(os.listdir("/dev/fd")) <= before + 2
    assert _reactors() == reactors


def _reactors() -> int:
    return sum(thread.name == "xnet-reactor" for thread in threading.enumerate())


def test_gr_002_a_sender_that_waits_for_credit_hears_that_the_worker_was_asked_to_end() -> None:
    with pair() as both:
        channel, _theirs = both.channels()
        outcome: queue.Queue[BaseException | None] = queue.Queue()

        def send_for_ever() -> None:
            try:
                while True:
                    channel.send(b"x" * 100_000)
            except OSError as error:
                outcome.put(error)

        thread = threading.Thread(target=send_for_ever)
        thread.start()
        assert eventually(lambda: channel._mailbox.state.sender.credit < 100_000)
        both.initiator.terminate_peer()
        assert "asked to end" in str(outcome.get(timeout=PATIENCE_S))
        thread.join(PATIENCE_S)
        with pytest.raises(OSError, match="asked to end"):
            both.initiator.request(frames.STATUS)
        both.initiator.terminate_peer()  # nothing happens


def test_an_answer_that_does_not_fit_closes_the_channel_with_the_reason() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        with both.worker.lock:
            both.worker.answer_locked(theirs, "x" * 2_000_000)
        with pytest.raises(RemoteError, match="does not fit"):
            ours.receive(PATIENCE_S)


def test_what_is_to_be_written_first_is() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        session = Session(ours.detach(), role="initiator", name="me", first_bytes=b"first")
        assert theirs.recv(5, socket.MSG_WAITALL) == b"first"
        assert repr(session) == "<Session me initiator preamble>"
        with pytest.raises(TimeoutError, match=r"me: no handshake within 0.0 s"):
            session.wait_hello(0.0)
    with pytest.raises(EOFError, match="ended before it began an xnet connection"):
        session.wait_hello(PATIENCE_S)
    session.close()
    assert repr(session) == "<Session me initiator ended>"


def test_a_request_is_written_before_its_channel_is_returned() -> None:
    with pair() as both:
        ours = both.initiator.request(frames.CHANNEL_EXEC, encode_exec(ExecRequest("pass")))
        theirs = both.owner.channels.get(timeout=PATIENCE_S)
        with both.worker.lock:
            both.worker.answer_locked(theirs, "an answer")
            both.worker.answer_locked(theirs, "to nobody")
        assert [*ours] == ["an answer"]
