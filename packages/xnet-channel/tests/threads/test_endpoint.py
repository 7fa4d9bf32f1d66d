"""The rooms put together, without a session on top."""

from __future__ import annotations

import socket

from threads_helpers import PATIENCE_S, HandingOver, eventually
from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.events import Event, PongReceived
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_channel.platform.descriptors import Descriptors
from xnet_channel.threads.endpoint import Endpoint
from xnet_channel.threads.link import Link
from xnet_channel.threads.session import Session
from xnet_wire.messages import Hello


def test_it_reads_and_writes_for_whoever_takes_the_events() -> None:
    ours, theirs = socket.socketpair()
    worker = Session(theirs.detach(), role=WORKER, name="worker", owner=HandingOver())
    connection = Connection(INITIATOR, Hello(), lambda state: None)
    link = Link("alone", connection, Descriptors(ours.detach(), None))
    endpoint = Endpoint(link, None, lambda: False)
    seen: list[Event] = []
    ends: list[OSError | None] = []
    endpoint.leading.reading.dispatch_locked = seen.extend
    endpoint.leading.reading.eof_locked = ends.append
    try:
        with link.lock:
            connection.start()
            endpoint.writer.flush_soon_locked()
            assert endpoint.leading.wait_locked(
                lambda: connection.phase is states.RUNNING, None, link.changed
            )
            connection.send_ping(b"are you there")
            endpoint.writer.flush_soon_locked()
            endpoint.leading.wait_locked(lambda: isinstance(seen[-1], PongReceived), None, link.changed)
        worker.close()
        assert eventually(lambda: ends == [None])
    finally:
        worker.close()
        with link.lock:
            link.finished = True
            endpoint.leading.finish_locked()
    assert not link.descriptors._open


def test_in_a_forked_child_all_of_it_ends() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        connection = Connection(INITIATOR, Hello(), lambda state: None)
        link = Link("alone", connection, Descriptors(ours.detach(), None))
        endpoint = Endpoint(link, None, lambda: False)
        with link.lock:
            mailbox = endpoint.mailboxes.of_locked(connection.table.new_local())
            endpoint.callback_thread.turn.__enter__()
        endpoint.leave_to_parent()
        assert link.finished
        assert mailbox.ended
        assert not endpoint.callback_thread.is_current_thread
        theirs.settimeout(PATIENCE_S)
        assert theirs.recv(1) == b""  # its copy of the descriptor is closed
