"""The bottom of the stack: what everything that drives one connection stands on.

The lock, the core, the descriptors, and what is known of the end. It knows nothing of the parts above it.
"""

from __future__ import annotations

from xnet_channel.core.errors import ProtocolError
from xnet_channel.platform.native import RLock
from xnet_channel.platform.wait_list import WaitList

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading

    from xnet_channel.core.connection import Connection
    from xnet_channel.platform.descriptors import Descriptors
    from xnet_channel.platform.reactor import Reactor
    from xnet_speedups._lane import Lane
    from xnet_wire.trace import Tracer


class Link:
    """One connection over its descriptors, for all parts that read, write, wait for it or end it.

    Attributes:
        name: For messages and thread names.
        lock: Protects the core and all that is kept for this connection.
        connection: The sans-IO core; only under ``lock``.
        descriptors: What is read and written.
        changed: Threads that wait for news of the connection as a whole.
        tracer: Gets a line for each frame, or None.
        lane: The compiled short way of small items, or None: see ``lanes``.
        heard: There was a sign of life since this was last set to False (FR-025, FR-026).
        eof: Nothing more can be read.
        finished: Nothing moves any more.
        end_error: Why nothing will be received any more, or None: the connection has ended, or the
            initiator has asked this worker to end.
        broken_off: The end was not asked for: an iteration over items must raise.

    Threads: all under the lock, but ``name``, ``descriptors`` and ``reactor``. One look at a flag needs none.
    """

    #: No ``__dict__``: eventlet, when it patches a program, replaces attributes that hold locks by its own
    #: kind, which do not work between threads. It does not find slots.
    __slots__ = (
        "_reactor",
        "broken_off",
        "changed",
        "connection",
        "descriptors",
        "end_error",
        "eof",
        "finished",
        "heard",
        "lane",
        "lock",
        "name",
        "tracer",
    )

    def __init__(self, name: str, connection: Connection, descriptors: Descriptors) -> None:
        self.name = name
        self.lock: threading.RLock = RLock()
        self.connection = connection
        self.descriptors = descriptors
        self.changed = WaitList()
        self.tracer: Tracer | None = None
        self.lane: Lane | None = None
        self.heard = False
        self.eof = False
        self.finished = False
        self.end_error: EOFError | None = None
        self.broken_off = False
        self._reactor: Reactor | None = None

    @property
    def reactor(self) -> Reactor:
        """The reactor of this process, loaded and started when first needed."""
        if self._reactor is None:
            from xnet_channel.platform.reactor import get_reactor

            self._reactor = get_reactor()
        return self._reactor

    @property
    def is_reactor_thread(self) -> bool:
        """Whether the caller runs on the reactor's thread."""
        return self._reactor is not None and self._reactor.is_current_thread

    def leave_to_parent(self) -> None:
        """End in a forked child, whose parent has the connection.

        Locks may have been taken by threads that the child does not have: they are replaced.
        """
        self.lock = RLock()
        self.changed = WaitList()
        self.finished = True
        self.broken_off = True  # an iteration over items raises
        self.end_error = EOFError(f"{self.name}: this connection belongs to the parent process")
        self.connection.fail(ProtocolError(str(self.end_error)))
        self.eof = True
