"""Reading once from a connection's descriptor, and what a thread does with what it read.

Which thread that is is decided in ``leader_follower``.
"""

from __future__ import annotations

import select

from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.platform.native import OS, poll
from xnet_channel.platform.tracebacks import describe_bug, tell_program
from xnet_wire import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.events import Event
    from xnet_channel.threads.link import Link

#: One read takes at most this much. Larger payloads are read straight into their own buffer.
READ_BYTES: Final = 65_536

#: A thread that reads for all reads at most this many chunks before others get their turn.
CHUNKS_PER_TURN: Final = 16


class Reading:
    """Takes bytes from the kernel to the core, and events to the dispatcher.

    Attributes:
        dispatch_locked: Is given the events. Set by ``Session``, like the next one, before anything is read.
        eof_locked: Is told that nothing more can be read, and the error if it was one.

    Threads: the one that reads, with the lock.
    """

    dispatch_locked: Callable[[list[Event]], None]
    eof_locked: Callable[[OSError | None], None]

    def __init__(self, link: Link, detach_locked: Callable[[], None]) -> None:
        """Be ready to read.

        Args:
            link: The connection.
            detach_locked: Called at the end of the stream: the reactor has nothing to watch any more.
        """
        self._link = link
        self._fd = link.descriptors.read_fd
        self._receiving = link.connection.receiving
        self._detach_locked = detach_locked

    def read_rest_locked(self, reads: int) -> None:
        """Read the bytes that are there right now: the process at the other end has died."""
        poller = poll()
        if not self._link.eof and not self._link.finished:
            poller.register(self._fd, select.POLLIN)
        for _ in range(reads):
            # Reading may find the end, or end the session; neither is seen by the type checker.
            if self._link.finished or self._link.eof or not poller.poll(0):
                return
            self.read_locked()

    def read_large_locked(self) -> None:
        """Read on while a large payload comes; not for ever, others want the lock too."""
        for _ in range(CHUNKS_PER_TURN):
            if self._receiving.pending_view() is None or not self.read_locked():
                return

    def read_locked(self, wanted: ChannelState | None = None) -> bool:
        """Read once and dispatch. Return whether there may be more to read right now.

        Args:
            wanted: As for ``_lead_locked``.
        """
        receiving = self._receiving
        pending = None if receiving.decoder.big is None else receiving.pending_view()
        try:
            data = b""
            if pending is None:
                data = OS.read(self._fd, READ_BYTES)
                count = len(data)
            else:
                count = OS.readv(self._fd, (pending,))
        except BlockingIOError:
            return False
        except OSError as error:
            # A reset connection ends like a closed one; the text tells them apart.
            self.end_locked(error)
            return False
        if not count:
            self.end_locked(None)
            return False
        link = self._link
        link.heard = True
        try:
            if pending is not None:
                self.dispatch_locked(receiving.pending_filled(count))
                return count == len(pending) and not link.finished
            if wanted is None or not receiving.receive_sole_item(data, wanted):
                self.dispatch_locked(receiving.receive_data(data))
            return count == READ_BYTES and not link.finished
        except Exception as error:  # noqa: BLE001 - a bug here must not leave either side waiting (ER-011)
            self._end_by_bug_locked(error)
            return False

    def take_locked(self, data: bytes) -> None:
        """Dispatch what somebody else has read."""
        try:
            self.dispatch_locked(self._receiving.receive_data(data))
        except Exception as error:  # noqa: BLE001 - as above
            self._end_by_bug_locked(error)

    def _end_by_bug_locked(self, error: Exception) -> None:
        text = f"internal error while reading: {describe_bug(error)}"
        self._link.connection.fail(RemoteProtocolError(codes.INTERNAL_ERROR, text))
        self.eof_locked(None)
        tell_program(error)

    def end_locked(self, error: OSError | None) -> None:
        """Nothing more can be read; ``error`` says why if it is not the regular end."""
        self._link.eof = True
        self._detach_locked()
        self.eof_locked(error)
