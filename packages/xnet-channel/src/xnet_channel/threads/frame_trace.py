"""The lines of a connection's frames in the trace of its process.

Imported only if a trace is asked for.
"""

from __future__ import annotations

from xnet_wire.frames import HELLO
from xnet_wire.trace import RECEIVED, SENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.link import Link
    from xnet_wire.trace import Tracer


def begin_trace(link: Link, tracer: Tracer) -> None:
    """Trace the frames of a connection from now on, and before them the HELLOs that have passed.

    No other frame has passed, then: a worker learns from the initiator's HELLO that it is to trace.

    Spec: TR-004, TR-010

    Threads: the one that makes the connection, or one that holds its lock.
    """
    link.tracer = tracer
    handshake = link.connection.handshake
    for direction, size in ((SENT, handshake.local_bytes), (RECEIVED, handshake.peer_bytes)):
        if size:
            tracer.message(link.name, direction, HELLO, 0, size)
    link.connection.set_traces(
        lambda *frame: tracer.message(link.name, SENT, *frame),
        lambda *frame: tracer.message(link.name, RECEIVED, *frame),
    )
