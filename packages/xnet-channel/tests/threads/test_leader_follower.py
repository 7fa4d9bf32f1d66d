"""Who reads: one leads, the others follow, and the reactor looks after what nobody reads. Spec: FC-043."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time

import pytest

from background import Background
from core_helpers import data, frame
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, eventually, pair
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import TimeoutError
from xnet_channel.threads.session import Session
from xnet_wire import frames


def leads(session: Session, waiting: Background) -> bool:
    return eventually(lambda: session.leading._leader == waiting.ident)


def follow(session: Session, count: int) -> bool:
    return eventually(lambda: session.leading._followers == count)


def one_leads_two_follow(session: Session) -> tuple[list[Channel], Background, list[Background]]:
    """Wait on three channels, each on a thread of its own."""
    channels = [session.request(frames.INFO) for _ in range(3)]
    leader = Background(channels[0].receive, PATIENCE_S)
    assert leads(session, leader)
    followers = [Background(channel.receive, PATIENCE_S) for channel in channels[1:]]
    assert follow(session, 2)
    return channels, leader, followers


# -- leading and following ----------------------------------------------------------------------


def test_the_leader_wakes_the_followers_of_other_channels_and_goes_on() -> None:
    with raw_peer() as peer:
        session = peer.session
        channels, leader, followers = one_leads_two_follow(session)
        peer.write(data(channels[1].id, "first"))
        assert followers[0].end() == "first"
        assert session.leading._leader == leader.ident
        peer.write(data(channels[2].id, "second"))
        assert followers[1].end() == "second"
        peer.write(data(channels[0].id, "third"))
        assert leader.end() == "third"


def test_a_leader_that_has_what_it_wants_hands_over_at_once() -> None:
    """Nobody leads after it; those who follow get what comes from the reactor."""
    with raw_peer() as peer:
        session = peer.session
        channels, leader, followers = one_leads_two_follow(session)
        peer.write(data(channels[0].id))
        assert leader.end() == 7
        with session.lock:
            assert session.leading._attached
            assert not session.leading._leader
        for number, follower in enumerate(followers, 1):
            peer.write(data(channels[number].id, number))
            assert follower.end() == number


def test_two_threads_wait_on_different_channels_while_a_third_sends() -> None:
    with pair() as both:
        one, other_one = both.channels()
        two, other_two = both.channels()
        three, other_three = both.channels()
        count = 200

        def take(channel: Channel) -> list[object]:
            return [channel.receive(PATIENCE_S) for _ in range(count)]

        def send(channel: Channel, size: int) -> None:
            for number in range(count):
                channel.send((number, bytes(size)))

        waiting = [
            Background(lambda: take(one)),
            Background(lambda: take(two)),
            Background(lambda: take(other_three)),
        ]
        sending = [
            Background(lambda: send(three, 20_000)),
            Background(lambda: send(other_one, 10)),
            Background(lambda: send(other_two, 5_000)),
        ]
        assert [thread.end() for thread in sending] == [None] * 3
        assert [thread.end() for thread in waiting] == [
            [(number, bytes(size)) for number in range(count)] for size in (10, 5_000, 20_000)
        ]


def test_each_item_goes_to_exactly_one_of_many_threads_on_one_channel() -> None:
    """With time limits of all sizes the lead changes all the time."""
    with pair() as both:
        ours, theirs = both.channels()
        got: list[object] = []

        def take_one(limit_s: float) -> bool:
            try:
                got.append(ours.receive(limit_s))
            except TimeoutError:
                pass
            except EOFError:
                return False
            return True

        def take(limit_s: float) -> None:
            while take_one(limit_s):
                pass

        threads = [Background(take, number * 0.0005) for number in range(5)]
        for number in range(500):
            theirs.send(number)
            if number % 50 == 0:
                assert both.worker.ping(b"%d" % number, PATIENCE_S)
        theirs.close()
        assert [thread.end() for thread in threads] == [None] * 5
        assert sorted(got) == list(range(500))  # type: ignore[type-var]


def test_a_wait_does_not_end_before_its_time() -> None:
    with raw_peer() as peer:
        session = peer.session
        channel, other = session.request(frames.INFO), session.request(frames.INFO)

        def time_out(limit_s: float) -> float:
            begin_s = time.monotonic()
            with pytest.raises(TimeoutError):
                channel.receive(limit_s)
            return time.monotonic() - begin_s - limit_s

        for limit_s in (0.0, 0.0004, 0.0015, 0.02):
            assert time_out(limit_s) >= 0
        leader = Background(lambda: other.receive(PATIENCE_S))
        assert leads(session, leader)
        for limit_s in (0.0, 0.0004, 0.0015, 0.02):
            assert time_out(limit_s) >= 0
        peer.write(data(other.id))
        assert leader.end() == 7


def test_what_becomes_true_elsewhere_wakes_the_leader_and_those_who_follow() -> None:
    with raw_peer() as peer:
        session = peer.session
        ready: list[bool] = []
        leader = Background(lambda: session.wait(lambda: bool(ready), PATIENCE_S))
        assert leads(session, leader)
        follower = Background(lambda: session.wait(lambda: bool(ready), PATIENCE_S))
        assert follow(session, 1)
        session.wake()  # it is not true yet: both look, and wait on
        assert not session.wait(lambda: False, 0.01)
        assert leader.goes_on
        assert follower.goes_on
        ready.append(True)
        session.wake()
        assert (leader.end(), follower.end()) == (True, True)


# -- what nobody waits for ----------------------------------------------------------------------


def test_a_descriptor_that_was_lent_is_taken_by_the_reactor_when_it_is_not_used() -> None:
    with raw_peer() as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        peer.barrier()
        for _ in range(3):
            peer.write(data(channel.id))
            assert channel.receive(PATIENCE_S) == 7
            # Nobody waits now, and yet the peer is heard.
            assert peer.barrier() == []
            assert eventually(lambda: session.leading._attached)


def test_whoever_leads_again_soon_finds_it_lying() -> None:
    """In a ping-pong the descriptor is not given to the reactor and taken back each time."""
    with raw_peer() as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        me = threading.get_ident()

        def answer() -> None:
            assert eventually(lambda: session.leading._leader == me)
            peer.write(data(channel.id))

        def lies_there_afterwards() -> bool:
            answering = Background(answer)
            assert channel.receive(PATIENCE_S) == 7
            lies_there = not session.leading._attached
            assert answering.end() is None
            return lies_there

        # Not each time: on a busy machine the moment may have passed before we look.
        assert eventually(lies_there_afterwards)


def test_with_a_callback_the_reactor_gets_it_at_once() -> None:
    with raw_peer() as peer:
        session = peer.session
        channel, with_callback = session.request(frames.INFO), session.request(frames.INFO)
        got: queue.Queue[object] = queue.Queue()
        peer.write(data(channel.id))
        assert channel.receive(PATIENCE_S) == 7
        with_callback.setcallback(got.put)
        assert session.leading._attached
        peer.write(data(channel.id))
        assert channel.receive(PATIENCE_S) == 7
        assert session.leading._attached
        peer.write(data(with_callback.id, "called"))
        assert got.get(timeout=PATIENCE_S) == "called"


# -- ends ---------------------------------------------------------------------------------------


def test_the_end_of_the_stream_reaches_leader_and_followers() -> None:
    with raw_peer() as peer:
        session = peer.session
        channels = [session.request(frames.INFO) for _ in range(3)]
        peer.barrier()
        leader = Background(channels[0].receive, PATIENCE_S)
        assert leads(session, leader)
        followers = [Background(channels[1].waitclose), Background(channels[2].receive)]
        assert follow(session, 2)
        peer.socket.close()
        for waiting in (leader, *followers):
            assert "the other side ended the connection" in str(waiting.end())
            assert isinstance(waiting.outcome, EOFError)


def test_the_leader_gives_the_descriptors_back_when_another_thread_ends_the_session() -> None:
    with raw_peer() as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        fd = session.descriptors.read_fd
        leader = Background(lambda: channel.receive(PATIENCE_S))
        assert leads(session, leader)
        session.close("the text", flush_s=0.0)
        assert "the text" in str(leader.end())
        peer.until(frames.INFO)
        with pytest.raises(EOFError):
            peer.read()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


# -- signals ------------------------------------------------------------------------------------


def test_an_interrupt_ends_the_wait_of_the_main_thread_and_loses_nothing() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        session = both.initiator
        me = threading.get_ident()

        def interrupt() -> None:
            assert eventually(lambda: session.leading._leader == me)
            os.kill(os.getpid(), signal.SIGINT)

        for number in range(5):
            thread = Background(interrupt)
            with pytest.raises(KeyboardInterrupt):
                ours.receive(PATIENCE_S)
            assert thread.end() is None
            theirs.send(number)
            assert ours.receive(PATIENCE_S) == number
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# -- large items --------------------------------------------------------------------------------


def test_others_get_the_lock_while_a_large_item_comes() -> None:
    """Reading a large payload is many short turns, not a long one."""
    with raw_peer() as peer:
        session = peer.session
        channel, other = session.request(frames.INFO), session.request(frames.INFO)
        leader = Background(lambda: channel.receive(PATIENCE_S))
        assert leads(session, leader)
        payload = b"\x5a" + (900_000).to_bytes(4, "big") + bytes(900_000)
        whole = frame(frames.CHANNEL_DATA, channel.id, payload)
        for start in range(0, len(whole), 100_000):
            peer.write(whole[start : start + 100_000])
            other.send("meanwhile")
            assert peer.until(frames.CHANNEL_DATA)[-1][1] == other.id
        assert leader.end() == bytes(900_000)
