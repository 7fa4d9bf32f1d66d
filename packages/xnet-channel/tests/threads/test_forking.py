"""A forked child lets go of its parent's connections; the parent goes on."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable

import pytest

from background import Background
from core_helpers import data
from programs import in_child
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, eventually, pair
from xnet_channel.platform.interrupts import hold_interrupts, release_interrupts
from xnet_channel.platform.reactor import get_reactor
from xnet_channel.threads.channel import Channel
from xnet_wire import frames


def refusal(action: Callable[[], object]) -> str:
    try:
        return f"no refusal but {action()!r}"
    except (EOFError, OSError) as error:
        return f"{type(error).__name__}: {error}"


def refusals(channel: Channel) -> str:
    """Return what each way to use the channel says."""
    ways = (channel.receive, channel.waitclose, lambda: list(channel), lambda: channel.send(1))
    return "\n".join(map(refusal, ways))


def test_in_the_child_everything_has_ended_and_the_parent_goes_on() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        said = in_child(lambda: refusals(ours)).splitlines()
        reason = "initiator: this connection belongs to the parent process"
        assert said == [
            f"EOFError: {reason}",
            f"EOFError: {reason}",
            f"EOFError: {reason}",
            f"OSError: cannot send (already closed?): {reason}",
        ]
        for item in range(3):
            ours.send(item)
            assert theirs.receive(PATIENCE_S) == item
            theirs.send(item)
            assert ours.receive(PATIENCE_S) == item


def test_nothing_that_the_child_does_reaches_the_other_side() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.barrier()

        def use_it() -> str:
            channel.close("from the child")
            peer.session.close("from the child")
            refusals(channel)
            return "done"

        assert in_child(use_it) == "done"
        assert peer.barrier() == []


def test_a_child_that_lives_does_not_hide_the_end_of_its_parent() -> None:
    with raw_peer() as peer:
        ours, childs = socket.socketpair()
        with ours, childs:

            def live_on() -> bytes:
                ours.close()
                peer.socket.close()
                childs.sendall(b"I live")
                childs.settimeout(PATIENCE_S)
                return childs.recv(10)

            answers: list[str] = []
            waiting = threading.Thread(target=lambda: answers.append(in_child(live_on)))
            waiting.start()
            ours.settimeout(PATIENCE_S)
            assert ours.recv(10) == b"I live"
            peer.session.close()
            with pytest.raises(EOFError):
                peer.read()
            ours.sendall(b"end")
            waiting.join(PATIENCE_S)
            assert answers == ["b'end'"]


def test_a_lock_that_was_held_by_another_thread_does_not_stop_the_child() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        held, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            with both.initiator.lock:
                held.set()
                go_on.wait(PATIENCE_S)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(PATIENCE_S)
        try:
            assert "belongs to the parent" in in_child(lambda: refusals(ours))
        finally:
            go_on.set()
            holder.join(PATIENCE_S)
        theirs.send(1)
        assert ours.receive(PATIENCE_S) == 1


def test_threads_that_wait_go_on_waiting_in_the_parent_only() -> None:
    with pair() as both:
        channels = [both.channels() for _ in range(3)]
        threads = [Background(ours.receive, PATIENCE_S) for ours, _ in channels]
        assert eventually(lambda: both.initiator.leading._followers == 2)
        assert "belongs to the parent" in in_child(lambda: refusals(channels[0][0]))
        for _, theirs in channels:
            theirs.send("here")
        assert [thread.end() for thread in threads] == ["here"] * 3


def test_the_child_makes_sessions_and_a_reactor_of_its_own() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        parents = get_reactor()

        def own() -> object:
            with pair() as its_own:
                one, other = its_own.channels()
                got: list[object] = []
                other.setcallback(got.append)
                one.send(b"x" * 2_000_000)
                one.close()
                other.waitclose(PATIENCE_S)
                return len(got[0]), get_reactor() is not parents  # type: ignore[arg-type]

        assert in_child(own) == "(2000000, True)"
        assert get_reactor() is parents
        theirs.send(1)
        assert ours.receive(PATIENCE_S) == 1


def test_the_thread_that_forked_is_the_childs_main_thread() -> None:
    """Interrupts are held back in the main thread only; the child's is another one."""

    def holds() -> bool:
        held = hold_interrupts()
        if held is None:
            return False
        release_interrupts(held)
        return True

    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(in_child(holds)))
    thread.start()
    thread.join(PATIENCE_S)
    assert answers == ["True"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_items_that_had_arrived_are_the_childs_too_and_stay_the_parents() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(data(channel.id, "arrived"))
        peer.barrier()
        assert in_child(lambda: channel.receive(0)) == "arrived"
        assert channel.receive(0) == "arrived"


def test_the_childs_copy_of_the_descriptor_is_closed() -> None:
    with pair() as both:
        fd = both.initiator.descriptors.read_fd
        assert "Bad file descriptor" in in_child(lambda: os.fstat(fd))
        os.fstat(fd)
