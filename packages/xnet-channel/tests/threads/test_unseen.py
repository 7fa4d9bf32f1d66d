"""Errors that nobody has seen."""

from __future__ import annotations

import gc
import io
import threading
from contextlib import redirect_stderr

import pytest

from core_helpers import close
from programs import in_child
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, eventually
from xnet_channel.threads.errors import INTERRUPT_TEXT, RemoteError
from xnet_channel.threads.unseen import MOST, UNSEEN
from xnet_wire import frames
from xnet_wire.channel_errors import INTERRUPTED


class Stderr(io.StringIO):
    """Standard error that can be looked at from other threads, and that can make who writes wait."""

    def __init__(self) -> None:
        super().__init__()
        self.said = ""
        self.go_on = threading.Event()
        self.go_on.set()
        self.waits = threading.Event()

    def write(self, text: str) -> int:
        self.waits.set()
        self.go_on.wait(PATIENCE_S)
        self.said += text
        return len(text)


def test_one_that_comes_after_the_channel_was_dropped() -> None:
    with raw_peer() as peer, redirect_stderr(Stderr()) as stderr:
        channel = peer.session.request(frames.INFO)
        id_ = channel.id
        peer.barrier()
        del channel
        gc.collect()
        assert peer.read() == (frames.CHANNEL_CLOSE, id_, b"")
        peer.write(close(id_, "crossed"))
        assert eventually(lambda: stderr.said.count("nobody received: RemoteError: crossed\n") == 1)


def test_one_that_comes_after_the_channel_was_closed() -> None:
    with raw_peer() as peer, redirect_stderr(Stderr()) as stderr:
        channel = peer.session.request(frames.INFO)
        channel.close()
        peer.write(close(channel.id, "crossed"))
        assert eventually(lambda: "crossed" in stderr.said)
        channel.waitclose(PATIENCE_S)


def test_one_of_a_channel_of_which_only_the_callback_is_left() -> None:
    with raw_peer() as peer, redirect_stderr(Stderr()) as stderr:
        channel = peer.session.request(frames.INFO)
        id_ = channel.id
        ended = threading.Event()
        channel.setcallback(lambda item: ended.set(), endmarker="end")
        del channel
        gc.collect()
        peer.until(frames.CHANNEL_LAST_MESSAGE)
        peer.write(close(id_, "nobody is there"))
        assert ended.wait(PATIENCE_S)
        assert eventually(lambda: "nobody is there" in stderr.said)


def test_interrupts_are_not_told() -> None:
    with raw_peer() as peer, redirect_stderr(Stderr()) as stderr:
        channels = [peer.session.request(frames.INFO) for _ in range(2)]
        for channel in channels:
            channel.close()
        peer.write(close(channels[0].id, INTERRUPT_TEXT, INTERRUPTED), close(channels[1].id, "the other"))
        assert eventually(lambda: "the other" in stderr.said)
        assert INTERRUPT_TEXT not in stderr.said


def test_while_standard_error_takes_nothing_nobody_waits_and_few_are_kept() -> None:
    with raw_peer() as peer, redirect_stderr(Stderr()) as stderr:
        channels = [peer.session.request(frames.INFO) for _ in range(3 * MOST)]
        for channel in channels:
            channel.close()
        stderr.go_on.clear()
        peer.write(close(channels[0].id, "error 0"))
        assert stderr.waits.wait(PATIENCE_S)
        peer.write(*[close(channel.id, f"error {number}") for number, channel in enumerate(channels[1:], 1)])
        peer.barrier()
        assert len(UNSEEN._due) == MOST
        stderr.go_on.set()
        assert eventually(lambda: "more remote errors" in stderr.said)
        assert stderr.said.count("nobody received: ") == 1 + MOST
        assert f"and {3 * MOST - 1 - MOST} more remote errors that nobody received\n" in stderr.said


def test_a_finaliser_of_a_thread_that_writes_there_leaves_it_to_another() -> None:
    class Buffered(Stderr):
        def write(self, text: str) -> int:
            if threading.current_thread() is threading.main_thread():
                raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")
            return super().write(text)

    with raw_peer() as peer, redirect_stderr(Buffered()) as stderr:
        channel = peer.session.request(frames.INFO)
        peer.write(close(channel.id, "dropped"))
        peer.barrier()
        del channel
        gc.collect()
        assert eventually(lambda: "dropped" in stderr.said)


def test_what_was_seen_is_kept_no_longer() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(close(channel.id, "the reason"))
        peer.barrier()
        assert channel._mailbox in UNSEEN._waiting
        with pytest.raises(RemoteError, match="the reason"):
            channel.waitclose(PATIENCE_S)
        assert channel._mailbox not in UNSEEN._waiting


def test_who_cannot_send_is_told_the_reason_which_can_still_be_received() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(close(channel.id, "Traceback ...\nValueError: the reason\n"))
        peer.barrier()
        words = r"channel \d+ is closed, the other side failed: ValueError: the reason$"
        with pytest.raises(OSError, match=words):
            channel.send(1)
        with pytest.raises(RemoteError, match="the reason"):
            channel.receive(PATIENCE_S)


def test_a_forked_child_leaves_them_to_its_parent() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(close(channel.id, "the reason"))
        peer.barrier()
        assert in_child(lambda: len(UNSEEN._waiting)) == "0"
        assert channel._getremoteerror() is not None


def test_a_flood_of_them_while_standard_error_takes_none_starts_one_thread() -> None:
    """A thread was started for each, and what was to start them took 20 MB a second."""
    with raw_peer() as peer, redirect_stderr(Stderr()) as stderr:
        channel = peer.session.request(frames.INFO)
        id_ = channel.id
        peer.barrier()
        channel.close()
        assert peer.read() == (frames.CHANNEL_CLOSE, id_, b"")
        stderr.go_on.clear()
        peer.write(close(id_, "first"))
        assert stderr.waits.wait(PATIENCE_S)
        reactor = peer.session.reactor
        peer.write(close(id_, "more") * 2_000)
        peer.barrier()
        with peer.session.lock:
            assert len(reactor._soon) < 10
        stderr.go_on.set()
        assert eventually(
            lambda: f"and {2_000 - MOST} more remote errors that nobody received\n" in stderr.said
        )
        peer.write(close(id_, "last"))
        assert eventually(lambda: "RemoteError: last\n" in stderr.said)
