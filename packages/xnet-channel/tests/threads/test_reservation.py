"""Threads that wait to send on one channel have their turns in order, an item each. Spec: FC-024."""

from __future__ import annotations

import threading

from background import Background
from core_helpers import WINDOW, credit
from raw_peer import decoded, raw_peer
from threads_helpers import PATIENCE_S, eventually, pair
from xnet_channel.threads.channel import Channel
from xnet_wire import frames
from xnet_wire.messages import Hello

SMALL, SESSIONS = Hello("session", credit=WINDOW), Hello()


def waiting(channel: Channel) -> int:
    return len(channel._mailbox.turns)


def test_each_has_its_turn_in_the_order_in_which_they_came() -> None:
    with raw_peer(hello=SMALL) as peer:
        channel = peer.session.request(frames.INFO)
        channel.send(bytes(60_000))
        while peer.read()[0] != frames.CHANNEL_DATA:
            pass

        def send_twice(number: int) -> None:
            channel.send((number, bytes(10_000)))
            channel.send((number, bytes(10_000)))

        threads = []
        for number in range(4):
            threads.append(Background(send_twice, number))
            assert eventually(lambda: waiting(channel) == len(threads))
        peer.write(credit(channel.id, 2**20))
        arrived: list[object] = []
        while len(arrived) < 8:
            (item,) = decoded(peer.until(frames.CHANNEL_DATA), channel.id)
            assert isinstance(item, tuple)
            arrived.append(item[0])
        # Who has just sent comes again behind those that have waited meanwhile.
        assert arrived[:4] == [0, 1, 2, 3]
        assert set(arrived[4:]) == {0, 1, 2, 3}
        assert [thread.end() for thread in threads] == [None] * 4
        assert waiting(channel) == 0


def test_one_item_of_each_other_thread_is_in_front_at_most() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        stop = threading.Event()

        def send_without_end(number: int) -> None:
            while not stop.is_set():
                ours.send((number, bytes(50_000)))

        others = [Background(send_without_end, number) for number in (1, 2, 3)]
        try:
            # The window is full, and what it took has arrived.
            assert eventually(lambda: waiting(ours) == 3 and ours._mailbox.state.sender.credit < 50_000)
            assert eventually(lambda: len(theirs._receiver.items) == SESSIONS.credit // 50_032)
            late = Background(ours.send, (0, b""))
            assert eventually(lambda: waiting(ours) == 4)
            # What is here, and what the window takes, was in front before it came.
            in_front = len(theirs._receiver.items)
            order = [theirs.receive(PATIENCE_S)[0]]
            while order[-1]:
                order.append(theirs.receive(PATIENCE_S)[0])
            assert len(order) <= in_front + 4
            assert late.end() is None
        finally:
            stop.set()
            taking = Background(lambda: [None for _ in theirs])
            assert [other.end() for other in others] == [None] * 3
            ours.close()
            taking.end()


def test_who_gives_up_leaves_the_queue() -> None:
    with raw_peer(hello=SMALL) as peer:
        channel = peer.session.request(frames.INFO)
        threads = [Background(channel.send, bytes(100_000)) for _ in range(3)]
        assert eventually(lambda: waiting(channel) == 3)
        channel.close()
        assert all("is closed" in str(thread.end()) for thread in threads)
        assert waiting(channel) == 0
