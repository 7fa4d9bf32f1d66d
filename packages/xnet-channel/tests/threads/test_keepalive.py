"""Silence is noticed, life is not mistaken for it.

Spec: FR-024, FR-025, FR-026. Processes that are frozen are in xnet-gateway's test_keepalive.py.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from core_helpers import frame
from raw_peer import RawPeer
from threads_helpers import PATIENCE_S
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.keepalive import PAYLOAD, Keepalive
from xnet_wire import frames

INTERVAL_S = 0.5


class Watched:
    """A session that is watched, whose other end is the test's."""

    def __init__(self) -> None:
        self.peer = RawPeer(credit=2**20)
        self.silences: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.began_s = time.monotonic()
        session = self.peer.session
        self.keepalive = Keepalive(session.link, session.writer, session.leading, INTERVAL_S, self._end)

    def _end(self, silent_s: float) -> None:
        self.silences.put(silent_s)
        self.peer.session.finish_locked("silent")


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.peer.session.close(flush_s=0.0)
    one.peer.socket.close()


def test_fr_024_silence_ends_it_after_one_question(watched: Watched) -> None:
    assert watched.peer.read() == (frames.PING, 0, PAYLOAD)
    silent_s = watched.silences.get(timeout=PATIENCE_S)
    assert silent_s >= 2 * INTERVAL_S - 0.01
    assert time.monotonic() - watched.began_s >= silent_s
    assert watched.peer.session.finished
    with contextlib.suppress(EOFError):
        while True:
            assert watched.peer.read()[0] != frames.PING  # it asked once


def test_fr_025_a_late_look_asks_again_and_only_its_time_does_not_count(watched: Watched) -> None:
    assert watched.peer.read() == (frames.PING, 0, PAYLOAD)
    session, keepalive = watched.peer.session, watched.keepalive
    with session.lock:  # as if the process had slept for ten intervals before its next look
        keepalive._looked_at_s -= 10 * INTERVAL_S
        keepalive._heard_at_s -= 10 * INTERVAL_S
    assert watched.peer.read() == (frames.PING, 0, PAYLOAD)
    silent_s = watched.silences.get(timeout=PATIENCE_S)
    # Four intervals passed, the one of the late look is left out, and those before it are not forgotten.
    assert 3 * INTERVAL_S - 0.01 <= silent_s <= time.monotonic() - watched.began_s


def test_fr_024_an_answer_is_life(watched: Watched) -> None:
    for _ in range(6):
        assert watched.peer.read() == (frames.PING, 0, PAYLOAD)
        watched.peer.write(frame(frames.PONG, 0, PAYLOAD))
    assert not watched.peer.session.finished


def test_fr_024_one_that_was_asked_to_end_and_says_nothing(watched: Watched) -> None:
    watched.peer.session.terminate_peer()
    assert watched.silences.get(timeout=PATIENCE_S) >= 2 * INTERVAL_S - 0.01


def test_fr_025_every_byte_is_life(watched: Watched) -> None:
    """A long payload on a slow line: no frame is complete for many intervals, and no PONG comes."""
    pause = threading.Event()
    channel = watched.peer.session.request(frames.INFO)
    watched.peer.write(frame(frames.CHANNEL_PART, channel.id, bytes(60_000))[:9])
    until_s = time.monotonic() + 10 * INTERVAL_S
    while time.monotonic() < until_s:
        watched.peer.write(b"x")
        pause.wait(INTERVAL_S / 10)
    assert not watched.peer.session.finished
    assert watched.silences.empty()


def test_fr_026_bytes_that_are_taken_slowly_are_life(watched: Watched) -> None:
    """The peer reads on a slow line and says nothing; once it reads no more, it is silent."""
    peer = watched.peer
    small = socket.socket(fileno=os.dup(peer.session.descriptors.read_fd))
    small.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    small.close()
    channel = peer.session.new_channel()
    sender = threading.Thread(target=send, args=(channel, bytes(900_000)))
    sender.start()
    pause = threading.Event()
    until_s = time.monotonic() + 10 * INTERVAL_S
    while time.monotonic() < until_s:
        assert peer.socket.recv(2_000)
        pause.wait(INTERVAL_S / 20)
    assert not peer.session.finished
    assert sender.is_alive()
    assert watched.silences.get(timeout=PATIENCE_S) >= 2 * INTERVAL_S - 0.01
    sender.join(PATIENCE_S)
    assert not sender.is_alive()


def send(channel: Channel, item: object) -> None:
    with contextlib.suppress(OSError):
        channel.send(item)


def test_an_ended_session_is_not_watched(watched: Watched) -> None:
    session = watched.peer.session
    session.close(flush_s=0.0)
    looked = threading.Event()
    session.reactor.call_later(4 * INTERVAL_S, looked.set)
    assert looked.wait(PATIENCE_S)
    assert watched.silences.empty()
