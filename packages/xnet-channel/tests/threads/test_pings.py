"""PING as a barrier.

Spec: FR-020, FR-021, FR-022.
"""

from __future__ import annotations

import threading

from threads_helpers import PATIENCE_S, pair
from xnet_wire import frames


def test_fr_021_the_echo_comes_after_what_was_sent_before() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        ours.send("before")
        assert both.initiator.ping(b"barrier", PATIENCE_S)
        assert list(theirs._mailbox.state.receiver.items)


def test_fr_022_answers_to_pings_that_nobody_sent_are_not_kept() -> None:
    with pair() as both:
        assert both.initiator.ping(b"one", PATIENCE_S)
        with both.worker.lock:
            for number in range(1000):
                both.worker.connection.out.frame(frames.PONG, 0, b"%d" % number)
            both.worker.writer.flush_soon_locked()
        assert both.initiator.ping(b"two", PATIENCE_S)
        assert both.initiator.pings._waited_for == {}


def test_threads_wait_for_their_own_echo() -> None:
    with pair() as both:
        answers: list[bool] = []

        def ping(number: int) -> None:
            answers.extend(both.initiator.ping(b"%d %d" % (number, turn), PATIENCE_S) for turn in range(50))

        threads = [threading.Thread(target=ping, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert answers == [True] * 200


def test_no_answer_in_time_and_no_peer() -> None:
    with pair() as both:
        with both.worker.lock:  # it cannot answer meanwhile
            assert not both.initiator.ping(b"late", 0.05)
        assert both.initiator.ping(b"later", PATIENCE_S)
