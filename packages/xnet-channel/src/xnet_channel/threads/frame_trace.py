"""The lines of a session's frames in the trace of its process.

Imported only where somebody asks for a trace.
"""

from __future__ import annotations

from xnet_wire.frames import HELLO
from xnet_wire.trace import RECEIVED, SENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.session import Session
    from xnet_wire.trace import Tracer


def begin_trace(session: Session, tracer: Tracer) -> None:
    """Trace the frames of a session from now on, and before them the HELLOs that have passed.

    No other frame has passed, then: a worker learns from the initiator's HELLO that it is to trace.

    Spec: TR-004, TR-010

    Threads: the one that makes the session, or one that holds its lock.
    """
    session.tracer = tracer
    handshake = session.connection.handshake
    for direction, size in ((SENT, handshake.local_bytes), (RECEIVED, handshake.peer_bytes)):
        if size:
            tracer.message(session.name, direction, HELLO, 0, size)
    session.connection.set_traces(
        lambda *frame: tracer.message(session.name, SENT, *frame),
        lambda *frame: tracer.message(session.name, RECEIVED, *frame),
    )
