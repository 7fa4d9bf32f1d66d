"""Writing to a descriptor that takes what it likes. Spec: FC-043."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from background import Background
from core_helpers import Frame, data, encode, hello_frame
from programs import program
from raw_peer import RawPeer, accept, decoded, raw_peer, read_until
from threads_helpers import PATIENCE_S, HandingOver, eventually, pair
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.session import Session
from xnet_channel.threads.writer import MAX_VECTOR
from xnet_wire import frames
from xnet_wire.limits import ITEM_COST_BYTES, PART_BYTES
from xnet_wire.messages import Hello

#: Credit that never ends, so that only the descriptor makes anybody wait.
BOUNDLESS = 2**31 - 1


class Piped:
    """Two sessions joined by two pipes, each with a buffer of 64 KiB or so."""

    def __init__(self) -> None:
        read_ours, write_theirs = os.pipe()
        read_theirs, write_ours = os.pipe()
        self.owner = HandingOver()
        hello = Hello("here", credit=BOUNDLESS)
        self.ours = Session(read_ours, write_ours, role=INITIATOR, name="ours", hello=hello)
        self.theirs = Session(
            read_theirs, write_theirs, role=WORKER, name="theirs", hello=hello, owner=self.owner
        )
        self.ours.wait_hello(PATIENCE_S)
        self.theirs.wait_hello(PATIENCE_S)

    def channels(self) -> tuple[Channel, Channel]:
        ours = self.ours.request(frames.INFO)
        return ours, self.owner.channels.get(timeout=PATIENCE_S)


@pytest.fixture
def piped() -> Iterator[Piped]:
    made = Piped()
    yield made
    made.ours.close()
    made.theirs.close()


@pytest.fixture
def peer() -> Iterator[RawPeer]:
    with raw_peer(credit=BOUNDLESS) as made:
        yield made


def send_all(channel: Channel, items: list[bytes]) -> None:
    for item in items:
        channel.send(item)


def test_what_is_much_larger_than_the_buffer_of_a_pipe_arrives_exactly_both_ways(piped: Piped) -> None:
    ours, theirs = piped.channels()
    items = [os.urandom(size) for size in (3_000_000, 1, 65_536, 0, 262_144, 262_145, 700_000)]
    senders = [Background(send_all, channel, items) for channel in (ours, theirs)]
    back = Background(lambda: [ours.receive(PATIENCE_S) for _ in items])
    assert [theirs.receive(PATIENCE_S) for _ in items] == items
    assert back.end() == items
    assert [sender.end() for sender in senders] == [None, None]


def test_the_descriptor_may_take_a_byte_or_a_few_at_a_time(peer: RawPeer) -> None:
    """The rest of a buffer, of a vector, of a frame's head: each has to begin where the kernel stopped."""
    channel = peer.session.request(frames.INFO)
    items = [bytes([number]) * (number * 997 % 40_000) for number in range(150)]
    thread = Background(lambda: channel.send_many(items))
    found: list[Frame] = []
    decoder = frames.FrameDecoder(2**31)
    size = 1
    while len(list(decoded(found, channel.id))) < len(items):
        size = size * 7 % 40_009
        received = peer.socket.recv(size)
        assert received
        found += [(kind, id_, bytes(payload)) for kind, id_, payload in decoder.feed(received)]
    assert thread.end() is None
    assert list(decoded(found, channel.id)) == items


def test_more_buffers_than_one_call_takes_go_in_order(peer: RawPeer) -> None:
    session = peer.session
    channel = session.request(frames.INFO)
    state = channel._mailbox.state
    count = 3 * MAX_VECTOR + 1
    with session.lock:
        for number in range(count):
            payload = encode(number)
            assert session.connection.send_item(state, payload, len(payload) + ITEM_COST_BYTES)
        assert session.writer.flush_locked()
        assert session.writer.backlog_bytes == 0
    assert list(decoded(peer.barrier(), channel.id)) == list(range(count))


def test_what_may_not_wait_is_written_by_the_reactor(peer: RawPeer) -> None:
    session = peer.session
    channel = session.request(frames.INFO)
    payload = encode(b"x" * 200_000)
    with session.lock:
        for _ in range(20):
            session.connection.send_item(channel._mailbox.state, payload, len(payload) + ITEM_COST_BYTES)
        session.writer.flush_soon_locked()  # returns, though nobody reads
        assert session.writer.backlog_bytes > 1_000_000
        assert session.writer._watched
    found = [peer.until(frames.CHANNEL_DATA)[-1] for _ in range(20)]
    assert list(decoded(found, channel.id)) == [b"x" * 200_000] * 20
    assert eventually(lambda: not session.writer._watched)  # or the reactor would spin
    assert session.writer.backlog_bytes == 0


# -- a peer that does not read -----------------------------------------------------------------


def test_fc_043_a_peer_that_does_not_read_blocks_the_senders_and_nobody_else(peer: RawPeer) -> None:
    with pair() as elsewhere:
        session = peer.session
        stuck = [session.request(frames.INFO) for _ in range(4)]
        reading = session.request(frames.INFO)
        ours, theirs = elsewhere.channels()
        item = b"x" * 5_000_000
        senders = [Background(channel.send, item) for channel in stuck]
        assert eventually(lambda: session.writer._waiting == len(senders))
        for number in range(20):
            peer.write(data(reading.id, number))
            assert reading.receive(PATIENCE_S) == number
            theirs.send(number)
            assert ours.receive(PATIENCE_S) == number
        # One frame for each thread, and not what was sent altogether.
        assert session.writer.backlog_bytes <= len(senders) * (PART_BYTES + frames.HEADER_BYTES)
        assert all(sender.outcome is None and sender.goes_on for sender in senders)
        found: list[Frame] = []
        for _ in senders:
            found += peer.until(frames.CHANNEL_DATA)
        assert [sender.end() for sender in senders] == [None] * 4
        for channel in stuck:
            assert list(decoded(found, channel.id)) == [item]


def test_a_sender_hears_of_the_end_of_a_session_that_never_took_its_item(peer: RawPeer) -> None:
    session = peer.session
    channel = session.request(frames.INFO)
    sender = Background(channel.send, b"x" * 5_000_000)
    assert eventually(lambda: session.writer._waiting == 1)
    session.close("the text", flush_s=0.0)
    assert "the text" in str(sender.end())
    assert isinstance(sender.outcome, OSError)


def test_closing_a_session_waits_for_a_peer_that_does_not_read_only_so_long(peer: RawPeer) -> None:
    session = peer.session
    channel = session.request(frames.INFO)
    sender = Background(channel.send, b"x" * 5_000_000)
    assert eventually(lambda: session.writer._waiting == 1)
    begin_s = time.monotonic()
    assert not session.writer.flush_until(begin_s + 0.05)
    assert time.monotonic() - begin_s >= 0.05
    peer.until(frames.CHANNEL_DATA)
    assert sender.end() is None
    assert session.writer.flush_until(time.monotonic())


def test_os_exit_right_after_send_loses_nothing() -> None:
    text = """
channel.send(b"x" * 3_000_000)
channel.send("last")
os._exit(0)
"""
    with program(text) as (theirs, process):
        decoder, found = accept(theirs, Hello("peer", credit=BOUNDLESS))
        while not found or found[-1][2] != encode("last"):
            read_until(theirs, decoder, found, len(found) + 1)
        assert list(decoded(found, 1)) == [b"x" * 3_000_000, "last"]
        assert theirs.recv(1) == b""
        assert process.wait(PATIENCE_S) == 0


def test_what_an_interrupted_thread_leaves_behind_is_written_by_the_reactor() -> None:
    text = """
send_until_interrupted(200_000, lambda: session.writer._waiting)
session.wait_finished(20)
"""
    with program(text) as (theirs, process):
        decoder, found = accept(theirs, Hello("peer", credit=BOUNDLESS))
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        sent = int(process.stdout.readline())
        read_until(theirs, decoder, found, 2 + sent + 1)  # HELLO, the request, and the one that was cut
        assert list(decoded(found, 1)) == [b"x" * 200_000] * (sent + 1)
        theirs.close()
        assert process.wait(PATIENCE_S) == 0


@contextmanager
def over_pipes() -> Iterator[tuple[Session, int, int]]:
    """Make a session over two pipes, and return the other ends: to read from, and to write to."""
    read_ours, write_theirs = os.pipe()
    read_theirs, write_ours = os.pipe()
    session = Session(read_ours, write_ours, role=INITIATOR, name="pipes")
    os.write(write_theirs, PREAMBLE + hello_frame(Hello("peer", credit=BOUNDLESS)))
    try:
        session.wait_hello(PATIENCE_S)
        yield session, read_theirs, write_theirs
    finally:
        session.close(flush_s=0.0)
        os.close(write_theirs)


# -- a peer that takes nothing any more ---------------------------------------------------------


def test_after_a_write_that_failed_sending_is_an_error_and_reading_goes_on() -> None:
    """Only the pipe in one direction is closed."""
    with over_pipes() as (session, read_theirs, write_theirs):
        channel, other = session.request(frames.INFO), session.request(frames.INFO)
        os.close(read_theirs)
        with pytest.raises(OSError, match=r"cannot send.*Broken pipe"):
            channel.send("small")
        assert isinstance(session.writer.broken, BrokenPipeError)
        with pytest.raises(OSError, match="Broken pipe"):
            other.send(b"x" * 1_000_000)
        with pytest.raises(OSError, match="Broken pipe"):
            channel.send_many(["many"] * 10)
        assert session.writer.flush_until(time.monotonic())  # there is nothing that could still go
        os.write(write_theirs, data(channel.id, "still comes"))
        assert channel.receive(PATIENCE_S) == "still comes"
        assert not session.finished


def test_a_sender_that_waits_when_the_other_side_goes_gets_an_error(peer: RawPeer) -> None:
    channels = [peer.session.request(frames.INFO) for _ in range(3)]
    senders = [Background(channel.send, b"x" * 5_000_000) for channel in channels]
    assert eventually(lambda: peer.session.writer._waiting == 3)
    peer.socket.close()
    assert all(isinstance(sender.end(), OSError) for sender in senders)
    with pytest.raises(OSError, match="cannot send"):
        channels[0].send(1)
