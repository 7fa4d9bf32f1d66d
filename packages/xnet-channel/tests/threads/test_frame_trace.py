"""A trace that begins after the handshake. Spec: TR-004, TR-010."""

from __future__ import annotations

import socket

from threads_helpers import PATIENCE_S, pair
from xnet_channel.core import roles
from xnet_channel.threads.frame_trace import begin_trace
from xnet_channel.threads.session import Session
from xnet_wire.trace import Tracer


def test_tr_004_the_hellos_that_have_passed_come_first() -> None:
    lines: list[str] = []
    with pair() as both:
        sizes = [both.worker.connection.handshake.local_bytes, both.worker.connection.handshake.peer_bytes]
        with both.worker.lock:
            begin_trace(both.worker.link, Tracer(1, lines.append))
        ours, theirs = both.channels()
        ours.send(5)
        assert theirs.receive(PATIENCE_S) == 5
        assert lines == [
            f"worker sent <Message HELLO channel=0 lendata={sizes[0]}>\n",
            f"worker received <Message HELLO channel=0 lendata={sizes[1]}>\n",
            "worker received <Message INFO channel=1 lendata=0>\n",
            "worker received <Message CHANNEL_DATA channel=1 lendata=1>\n",
        ]
        assert min(sizes) > 50


def test_tr_010_one_from_the_beginning_has_them_once() -> None:
    lines: list[str] = []
    ours, theirs = socket.socketpair()
    worker = Session(theirs.detach(), role=roles.WORKER, name="w", tracer=Tracer(1, lines.append))
    initiator = Session(ours.detach(), role=roles.INITIATOR, name="i")
    try:
        worker.wait_hello(PATIENCE_S)
        assert sorted(line.split()[1] for line in lines) == ["received", "sent"]
        assert all(" <Message HELLO channel=0 " in line for line in lines)
    finally:
        initiator.close()
        worker.close()
