"""Where bounding could deadlock it gives way. Spec: FC-040 to FC-042."""

from __future__ import annotations

import threading
import time

import pytest

from background import Background
from core_helpers import WINDOW, credit, data
from raw_peer import RawPeer, raw_peer
from threads_helpers import PATIENCE_S, eventually, pair
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.deadlock_relief import STALL_S
from xnet_channel.threads.errors import TimeoutError
from xnet_wire import frames, messages
from xnet_wire.messages import Hello

SMALL = Hello("session", credit=WINDOW)
#: Two of them are more than half of the window, but not more than the window.
ITEM = b"x" * 30_000
COST = 30_003 + 64


def fill(peer: RawPeer, channel: Channel) -> None:
    """Send as much as the window allows."""
    peer.write(data(channel.id, ITEM), data(channel.id, ITEM))


def credited(peer: RawPeer) -> list[int]:
    """Return on which channels credit came back."""
    return [id_ for kind, id_, _ in peer.barrier() if kind == frames.CHANNEL_CREDIT]


def test_without_need_items_that_nobody_takes_are_not_credited() -> None:
    with raw_peer(hello=SMALL) as peer:
        channel = peer.session.request(frames.INFO)
        fill(peer, channel)
        assert credited(peer) == []


def test_fc_040_while_a_thread_waits_for_credit_every_channel_is_credited_on_arrival() -> None:
    with raw_peer(hello=SMALL) as peer:
        session = peer.session
        sending, full, idle = [session.request(frames.INFO) for _ in range(3)]
        fill(peer, full)
        assert credited(peer) == []
        blocked = Background(lambda: sending.send(b"y" * 100_000))
        returned = peer.until(frames.CHANNEL_CREDIT)[-1]
        assert returned == (frames.CHANNEL_CREDIT, full.id, messages.encode_credit(2 * COST))
        later = session.request(frames.INFO)  # one that opens meanwhile
        for channel in (sending, full, idle, later):
            fill(peer, channel)
        assert sorted(set(credited(peer))) == [sending.id, full.id, idle.id, later.id]
        # It goes on, and everything is as before.
        peer.write(credit(sending.id, 2**20))
        assert blocked.end() is None
        peer.barrier()
        for channel in (full, later):
            fill(peer, channel)
        assert credited(peer) == []


def test_fc_040_two_that_wait_are_relieved_until_both_go_on() -> None:
    with raw_peer(hello=SMALL) as peer:
        first, second, quiet = [peer.session.request(frames.INFO) for _ in range(3)]
        threads = [Background(channel.send, b"y" * 100_000) for channel in (first, second)]
        assert eventually(lambda: len(peer.session.relief._blocked) == 2)
        peer.write(credit(first.id, 2**20))
        assert threads[0].end() is None
        fill(peer, quiet)
        assert credited(peer) == [quiet.id]
        peer.write(credit(second.id, 2**20))
        assert threads[1].end() is None
        fill(peer, quiet)
        assert credited(peer) == []


def test_fc_040_both_sides_send_everything_on_several_channels_before_they_receive() -> None:
    with pair() as both:
        channels = [both.channels() for _ in range(3)]

        def exchange(number: int) -> int:
            mine = [ends[number] for ends in channels]
            for _ in range(10):
                for channel in mine:
                    channel.send(bytes(300_000))
            return sum(len(channel.receive(PATIENCE_S)) for channel in mine for _ in range(10))

        sides = [Background(exchange, number) for number in (0, 1)]
        assert [side.end() for side in sides] == [9_000_000, 9_000_000]


class Elsewhere:
    """A thread that has taken an item and is busy with something else."""

    def __init__(self, peer: RawPeer, channel: Channel) -> None:
        self.took, self.go_on = threading.Event(), threading.Event()
        self._channel = channel
        peer.write(data(channel.id))
        self._thread = Background(self._run)
        assert self.took.wait(PATIENCE_S)

    def _run(self) -> None:
        self._channel.receive(PATIENCE_S)
        self.took.set()
        assert self.go_on.wait(PATIENCE_S)

    def end(self) -> None:
        self.go_on.set()
        assert self._thread.end() is None


def test_fc_040_not_what_another_thread_takes_from_until_it_has_ended() -> None:
    """Else a slow reader's channel grows up to the limit of the connection, and is closed."""
    with raw_peer(hello=SMALL) as peer:
        sending, taken, nobodys = [peer.session.request(frames.INFO) for _ in range(3)]
        reader = Elsewhere(peer, taken)
        blocked = Background(lambda: sending.send(b"y" * 100_000))
        assert eventually(lambda: bool(peer.session.relief._blocked))
        for channel in (taken, nobodys):
            fill(peer, channel)
        assert credited(peer) == [nobodys.id]
        reader.end()
        assert peer.until(frames.CHANNEL_CREDIT)[-1][1] == taken.id
        peer.write(credit(sending.id, 2**20))
        assert blocked.end() is None


def test_fc_040_another_thread_that_takes_nothing_for_long_may_wait_for_the_sender(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xnet_channel.threads.deadlock_relief.STUCK_S", 0.1)
    with raw_peer(hello=SMALL) as peer:
        sending, taken = [peer.session.request(frames.INFO) for _ in range(2)]
        reader = Elsewhere(peer, taken)
        blocked = Background(lambda: sending.send(b"y" * 100_000))
        assert eventually(lambda: bool(peer.session.relief._blocked))
        fill(peer, taken)
        assert credited(peer) == []
        for _ in range(2):  # a window at a time
            assert peer.until(frames.CHANNEL_CREDIT)[-1][1] == taken.id
            fill(peer, taken)
        peer.write(credit(sending.id, 2**20))
        assert blocked.end() is None
        reader.end()


def test_fc_040_two_that_wait_to_send_relieve_each_others_channels() -> None:
    with raw_peer(hello=SMALL) as peer:
        first, second, taken = [peer.session.request(frames.INFO) for _ in range(3)]
        peer.write(data(taken.id))

        def take_and_send() -> None:
            taken.receive(PATIENCE_S)
            second.send(b"y" * 100_000)

        threads = [Background(first.send, b"y" * 100_000), Background(take_and_send)]
        assert eventually(lambda: len(peer.session.relief._blocked) == 2)
        fill(peer, taken)
        assert credited(peer) == [taken.id]
        for channel in (first, second):
            peer.write(credit(channel.id, 2**20))
        assert [thread.end() for thread in threads] == [None, None]


def test_fc_040_a_callback_that_waits_to_send_relieves_channels_of_callbacks_and_no_other_thread_does() -> (
    None
):
    with raw_peer(hello=SMALL) as peer:
        sending, called = peer.session.request(frames.INFO), peer.session.request(frames.INFO)
        inside, go_on, done = threading.Event(), threading.Event(), threading.Event()

        def slow(item: object) -> None:
            if item == 7:
                inside.set()
                go_on.wait(PATIENCE_S)
                sending.send(b"y" * 100_000)
                done.set()

        called.setcallback(slow)
        peer.write(data(called.id))
        assert inside.wait(PATIENCE_S)
        blocked = Background(lambda: sending.send(b"y" * 100_000))
        assert eventually(lambda: len(peer.session.relief._blocked) == 1)
        fill(peer, called)
        assert credited(peer) == []
        go_on.set()
        assert peer.until(frames.CHANNEL_CREDIT)[-1][1] == called.id
        peer.write(credit(sending.id, 2**20))
        assert blocked.end() is None
        assert done.wait(PATIENCE_S)


def test_fc_041_who_waits_for_the_end_relieves_that_channel_only_and_only_so_long() -> None:
    with raw_peer(hello=SMALL) as peer:
        waited_for, other = peer.session.request(frames.INFO), peer.session.request(frames.INFO)
        fill(peer, waited_for)
        fill(peer, other)
        assert credited(peer) == []
        with pytest.raises(TimeoutError):
            waited_for.waitclose(0.05)
        assert credited(peer) == [waited_for.id]
        fill(peer, waited_for)
        assert credited(peer) == []
        assert [len(item) for item in (waited_for.receive(0), other.receive(0))] == [30_000, 30_000]


def test_fc_041_who_has_a_callback_is_not_relieved() -> None:
    """The callback takes the items: a slow one has to be waited for."""
    with raw_peer(hello=SMALL) as peer:
        channel = peer.session.request(frames.INFO)
        inside, go_on = threading.Event(), threading.Event()

        def slow(item: object) -> None:
            inside.set()
            go_on.wait(PATIENCE_S)

        channel.setcallback(slow)
        fill(peer, channel)
        assert inside.wait(PATIENCE_S)
        with pytest.raises(TimeoutError):
            channel.waitclose(0.05)
        assert credited(peer) == []
        go_on.set()
        assert peer.until(frames.CHANNEL_CREDIT)[-1][1] == channel.id


def test_fc_042_who_has_waited_to_receive_relieves_what_nobody_else_takes_from() -> None:
    with raw_peer(hello=SMALL) as peer:
        wanted, never_taken, taken, others = [peer.session.request(frames.INFO) for _ in range(4)]
        go_on = threading.Event()

        def take_one_and_wait_for_another() -> object:
            taken.receive(PATIENCE_S)
            go_on.wait(PATIENCE_S)
            return wanted.receive(PATIENCE_S)

        blocked = Background(take_one_and_wait_for_another)
        peer.write(data(taken.id), data(others.id))
        assert others.receive(PATIENCE_S) == 7  # by another thread than the one that will wait
        assert eventually(lambda: taken._mailbox.last_taker is not None)
        for channel in (never_taken, taken, others):
            fill(peer, channel)
        assert credited(peer) == []
        go_on.set()
        relieved = {peer.until(frames.CHANNEL_CREDIT)[-1][1] for _ in range(2)}
        assert relieved == {never_taken.id, taken.id}
        peer.write(data(wanted.id, "at last"))
        assert blocked.end() == "at last"
        assert credited(peer) == []


def test_fc_042_a_thread_that_has_ended_takes_nothing_any_more() -> None:
    with raw_peer(hello=SMALL) as peer:
        wanted, taken = peer.session.request(frames.INFO), peer.session.request(frames.INFO)
        reader = Elsewhere(peer, taken)
        fill(peer, taken)
        blocked = Background(wanted.receive, PATIENCE_S)
        with pytest.raises(TimeoutError):
            peer.session.request(frames.INFO).receive(2 * STALL_S)
        assert credited(peer) == []  # it is there, and may come back
        reader.end()
        assert peer.until(frames.CHANNEL_CREDIT)[-1][1] == taken.id
        peer.write(data(wanted.id, "at last"))
        assert blocked.end() == "at last"


def test_fc_042_a_short_wait_does_not_count() -> None:
    with raw_peer(hello=SMALL) as peer:
        wanted, other = peer.session.request(frames.INFO), peer.session.request(frames.INFO)
        fill(peer, other)
        peer.barrier()
        begin_s = time.monotonic()
        with pytest.raises(TimeoutError):
            wanted.receive(STALL_S / 10)
        if time.monotonic() - begin_s > STALL_S:
            pytest.skip("needs a machine that is less busy")
        assert credited(peer) == []


def test_fc_042_a_program_that_reads_in_another_order_than_it_is_sent_comes_to_its_end() -> None:
    with pair() as both:
        first_read, sent_last = both.channels()
        then_read, sent_first = both.channels()
        size = 3_000_000

        def send() -> None:
            sent_first.send(bytes(size))
            for _ in range(10):
                sent_first.send(bytes(200_000))
            sent_last.send("read this first")

        sending = Background(send)
        assert first_read.receive(PATIENCE_S) == "read this first"
        assert [len(then_read.receive(PATIENCE_S)) for _ in range(11)] == [size] + [200_000] * 10
        assert sending.end() is None
