"""Writing to our standard error, which may take nothing for as long as it likes.

A terminal that was stopped with Ctrl-S, a suspended multiplexer, a pipe that others fill as well: a write
blocks there although a moment before there was room, and the descriptor must not be made non-blocking, for
other processes share it. So a thread writes that does nothing else. It is there only while there is something
to write.
"""

from __future__ import annotations

import select
from collections import deque

from xnet_channel.platform.native import OS, allocate_lock, poll, start_thread
from xnet_channel.platform.reactor import get_reactor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

STDERR: Final = 2
#: While more than this waits to be written, callers that can wait bring no more, in bytes.
ROOM_BYTES: Final = 65_536
#: More than this does not wait: the last words of workers that have ended have nowhere else to be, in bytes.
MOST_BYTES: Final = 1_048_576


class OutputWriter:
    """Writes in the order in which it is given. There is one in a process, ``WRITER``.

    Threads: the reactor's, but ``is_idle`` is for any.
    """

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._left_out_lines = 0
        self._writing = False
        self._when_room: list[Callable[[], None]] = []
        self._when_written: list[Callable[[], None]] = []

    def has_room(self) -> bool:
        """Return whether more should be brought now."""
        return self._bytes < ROOM_BYTES

    def is_idle(self) -> bool:
        """Return whether everything has been written."""
        return not self._bytes

    def write(self, data: bytes) -> None:
        """Write this after what waits; what is too much is counted, and the count is written in its place.

        So once something is left out, everything is until the count has been told.
        """
        with self._lock:
            if self._left_out_lines or self._bytes + len(data) > MOST_BYTES:
                self._left_out_lines += data.count(b"\n") or 1
                return
            self._pieces.append(data)
            self._bytes += len(data)
            starts, self._writing = not self._writing, True
        if starts:
            start_thread(self._run, (), "xnet-output", carries=True)

    def when_room(self, action: Callable[[], None]) -> None:
        """Run the action on the reactor thread once there is room."""
        self._when(self.has_room, self._when_room, action)

    def when_written(self, action: Callable[[], None]) -> None:
        """Run the action on the reactor thread once there is nothing to write."""
        self._when(self.is_idle, self._when_written, action)

    def forget_after_fork(self) -> None:
        """Leave what waits to the parent, whose thread writes it."""
        self.__init__()  # type: ignore[misc]

    def _when(
        self, holds: Callable[[], bool], waiting: list[Callable[[], None]], do: Callable[[], None]
    ) -> None:
        with self._lock:
            if not holds():
                waiting.append(do)
                return
        get_reactor().call_soon(do)

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._left_out_lines and self._bytes < ROOM_BYTES:
                    words = b"[xnet: %d lines that workers wrote are left out: standard error took nothing]\n"
                    self._pieces.append(words % self._left_out_lines)
                    self._bytes += len(self._pieces[-1])
                    self._left_out_lines = 0
                if not self._pieces:
                    self._writing = False
                    return
                data = self._pieces.popleft()
            _write(data)
            with self._lock:
                self._bytes -= len(data)
                actions: list[Callable[[], None]] = []
                for holds, waiting in ((self.has_room, self._when_room), (self.is_idle, self._when_written)):
                    if holds():
                        actions += waiting
                        waiting.clear()
            for action in actions:
                get_reactor().call_soon(action)


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[OS.write(STDERR, rest) :]
        except BlockingIOError:  # noqa: PERF203 - as often as it has to be waited for
            # Something has made it non-blocking.
            poller = poll()
            poller.register(STDERR, select.POLLOUT)
            poller.poll(1000)
        except OSError:
            return  # it is closed: error messages still have the last lines


WRITER: Final = OutputWriter()
