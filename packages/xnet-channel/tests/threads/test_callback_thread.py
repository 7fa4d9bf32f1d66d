"""The thread that runs callbacks."""

from __future__ import annotations

import threading

from threads_helpers import PATIENCE_S, eventually, pair


def callback_threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"xnet-callbacks-{name}"]


def test_without_callbacks_there_is_no_thread_and_with_them_it_ends_with_the_session() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        theirs.send(1)
        assert ours.receive(PATIENCE_S) == 1
        assert callback_threads("initiator") == []
        ours.setcallback(lambda item: None)
        theirs.send(1)
        assert eventually(lambda: len(callback_threads("initiator")) == 1)
        thread = callback_threads("initiator")[0]
        assert thread.daemon
        both.initiator.close()
        both.initiator.join_callbacks(PATIENCE_S)
        assert not thread.is_alive()


def test_what_is_queued_is_done_before_the_thread_ends() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        inside, go_on = threading.Event(), threading.Event()
        got: list[object] = []

        def take(item: object) -> None:
            inside.set()
            go_on.wait(PATIENCE_S)
            got.append(item)

        ours.setcallback(take, endmarker="end")
        for item in range(5):
            theirs.send(item)
        assert both.worker.ping(b"arrived", PATIENCE_S)
        assert inside.wait(PATIENCE_S)
        both.initiator.close()
        go_on.set()
        both.initiator.join_callbacks(PATIENCE_S)
        assert got == [0, 1, 2, 3, 4, "end"]
