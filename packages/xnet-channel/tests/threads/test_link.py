"""The bottom of the stack, alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from threads_helpers import PATIENCE_S
from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.roles import INITIATOR
from xnet_channel.platform.descriptors import Descriptors
from xnet_channel.platform.reactor import get_reactor
from xnet_channel.threads.link import Link
from xnet_wire.messages import Hello


@pytest.fixture
def link() -> Iterator[Link]:
    ours, theirs = socket.socketpair()
    with theirs:
        made = Link(
            "it", Connection(INITIATOR, Hello(), lambda state: None), Descriptors(ours.detach(), None)
        )
        yield made
        made.descriptors.close()


def test_at_first_nothing_has_ended(link: Link) -> None:
    assert not any([link.finished, link.eof, link.broken_off, link.end_error])


def test_the_reactor_is_that_of_the_process_and_knows_its_thread(link: Link) -> None:
    assert not link.is_reactor_thread
    said: list[bool] = []
    done = threading.Event()

    def note() -> None:
        said.append(link.is_reactor_thread)
        done.set()

    link.reactor.call_soon(note)
    assert done.wait(PATIENCE_S)
    assert said == [True]
    assert link.reactor is get_reactor()


def test_left_to_the_parent_it_has_ended_though_another_thread_had_the_lock(link: Link) -> None:
    taken, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with link.lock:
            taken.set()
            go_on.wait(PATIENCE_S)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(PATIENCE_S)
    link.leave_to_parent()
    assert link.lock.acquire(blocking=False)
    assert link.finished
    assert link.eof
    assert link.broken_off
    assert str(link.end_error) == "it: this connection belongs to the parent process"
    assert link.connection.phase is states.ENDED_CONNECTION
    go_on.set()
    holder.join(PATIENCE_S)


def test_it_has_no_attributes_that_eventlet_could_replace(link: Link) -> None:
    assert not hasattr(link, "__dict__")
