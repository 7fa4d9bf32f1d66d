"""What a worker prints: passed on to our stderr, its last lines kept for error messages.

Runs on the reactor thread, so it never blocks: a thread of its own writes (``output_writer``). While our
stderr does not take more, nothing is read from the worker, and the pipe fills up like any pipe whose reader
is slow.
"""

from __future__ import annotations

import atexit
import os
import select

from xnet_channel.platform.flag import Flag
from xnet_channel.platform.interests import READ
from xnet_channel.platform.native import CLOCK, OS, poll
from xnet_channel.platform.reactor import get_reactor
from xnet_gateway import child
from xnet_gateway.output_writer import WRITER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

#: A pipe takes this much in one piece (PIPE_BUF on Linux): no line of another writer gets in between.
CHUNK_BYTES: Final = 4096
#: How long a line that is not complete waits for its end, in seconds.
LATE_S: Final = 0.05
#: How much of the end is kept for error messages.
TAIL_LINES: Final = 10
TAIL_BYTES: Final = 16384
#: How long the end of a process waits until its last words are written, in seconds.
LAST_WORDS_S: Final = 0.25
#: How long an ending interpreter waits for our stderr to take what is left, in seconds.
LAST_WRITE_S: Final = 1.0

#: Relays whose pipe has not ended. Changed by the reactor thread and those that start workers.
_open: set[OutputRelay] = set()
#: Relays that have the beginning of a line. Changed by the reactor thread.
_unwritten: set[OutputRelay] = set()


class OutputRelay:
    """Relays one pipe, whole lines at a time, so that those of several workers do not mix.

    Threads: the reactor's, but ``tail`` is for any.
    """

    def __init__(self, fd: int) -> None:
        """Take over the reading end of the pipe."""
        self._fd = fd
        self._tail = b""
        #: What was read and is not to be written yet: the beginning of a line.
        self._rest = b""
        self._prefix = b""
        self._at_line_start = True
        self._rest_timer_set = False
        self._closed = False
        _open.add(self)
        OS.set_blocking(fd, False)
        get_reactor().watch(fd, READ, self._on_readable)

    def prefix_lines(self, prefix: bytes) -> None:
        """Have every line begin with this from now on, and end; the tail is as it came. Threads: any."""
        self._prefix = prefix

    def tail(self) -> str:
        """Return the last lines that came; of a crash that Python reports, the first ones of what crashed."""
        return "\n".join(telling_lines(self._tail.decode("utf-8", "replace").splitlines()))

    def drain(self) -> None:
        """Take what is in the pipe right now: its writer has died. Reactor thread only."""
        # A grandchild may go on writing: what fits into one pipe is enough.
        for _ in range(64):
            if self._closed or not self._relay_once():
                break
        self._write_everything()

    def leave_to_others(self) -> None:
        """Have the pipe read when we are gone, if a program that a worker started and left still holds it.

        A server would be killed by its next line of log, else. What it says then is nobody's: who has us
        run does not wait for it.
        """
        if self._closed or has_events(self._fd, select.POLLHUP):
            return
        try:
            OS.set_blocking(self._fd, True)
            process = child.start(
                ["cat"],
                stdin=self._fd,
                stdout=child.NOTHING,
                stderr=child.NOTHING,
                cwd="/",
                new_session=True,
            )
        except OSError:
            return  # the program does not exist
        process.returncode = 0  # nothing waits for it, so no warning

    def when_written(self, action: Callable[[], None]) -> None:
        """Run the action once what came is on our stderr, or after a moment. Reactor thread only."""
        todo = [action]

        def do() -> None:
            while todo:
                todo.pop()()

        if WRITER.is_idle():
            do()
        else:
            WRITER.when_written(do)
            get_reactor().call_later(LAST_WORDS_S, do)

    def _on_readable(self, events: int) -> None:
        if not WRITER.has_room():
            get_reactor().unwatch(self._fd)
            WRITER.when_room(self._resume)
        else:
            self._relay_once()

    def _resume(self) -> None:
        if not self._closed:
            get_reactor().watch(self._fd, READ, self._on_readable)

    def _relay_once(self) -> bool:
        if self._closed:
            return False
        try:
            data = OS.read(self._fd, CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._closed = True
            _open.discard(self)
            get_reactor().unwatch(self._fd)
            OS.close(self._fd)
            self._write_everything()
            return False
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        self._rest += self._prefixed(data)
        self._write_rest(everything=False)
        return True

    def _prefixed(self, data: bytes) -> bytes:
        prefix, begins, self._at_line_start = self._prefix, self._at_line_start, data.endswith(b"\n")
        if not prefix:
            return data
        data = data.removesuffix(b"\n").replace(b"\n", b"\n" + prefix)
        return (prefix if begins else b"") + data + (b"\n" if self._at_line_start else b"")

    def _write_everything(self) -> None:
        if self._prefix and not self._at_line_start:
            self._rest += b"\n"
            self._at_line_start = True
        self._write_rest(everything=True)

    def _write_rest(self, *, everything: bool) -> None:
        """Write whole lines, or everything; what remains is looked at again a moment later."""
        rest = self._rest
        while rest:
            end = rest.rfind(b"\n", 0, CHUNK_BYTES) + 1
            if not end:
                if not everything and len(rest) < CHUNK_BYTES:
                    break
                end = CHUNK_BYTES
            WRITER.write(rest[:end])
            rest = rest[end:]
        self._rest = rest
        if rest:
            _unwritten.add(self)
        else:
            _unwritten.discard(self)
        # With a prefix a line waits for its end, as long as it takes: those of several workers must not mix.
        waits = self._prefix and not self._closed and len(rest) < CHUNK_BYTES and b"\n" not in rest
        if rest and not waits and not self._rest_timer_set:
            self._rest_timer_set = True
            get_reactor().call_later(LATE_S, self._write_late)

    def _write_late(self) -> None:
        """Write a line that is not complete after a moment: a prompt, a progress bar.

        While the pipe holds more, the line only waits for its end to be read.
        """
        self._rest_timer_set = False
        alone = not self._prefix and not has_events(self._fd, select.POLLIN)
        self._write_rest(everything=self._closed or alone)


def telling_lines(lines: list[str]) -> list[str]:
    """Return the lines that say most about an end: the last ones.

    A report of ``faulthandler`` is longer, and says at its beginning what happened, and where behind the
    other threads.
    """
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith("Fatal Python error: "):
            report = lines[index + 1 :]
            where = [number for number, line in enumerate(report) if line.startswith("Current thread ")]
            return [lines[index], *report[where[0] if where else 0 :][: TAIL_LINES - 1]]
    return lines[-TAIL_LINES:]


def write_what_is_left() -> None:
    """Wait a moment until the last lines are written; the interpreter is ending, and its threads with it."""
    deadline_s = CLOCK.monotonic() + LAST_WRITE_S
    pause = Flag()
    while (_unwritten or not WRITER.is_idle()) and CLOCK.monotonic() < deadline_s:
        pause.wait(LATE_S / 10)
    for relay in list(_open):
        relay.leave_to_others()


atexit.register(write_what_is_left)
if hasattr(os, "register_at_fork"):
    # They, and what is not written yet, are the parent's.
    os.register_at_fork(after_in_child=_open.clear)
    os.register_at_fork(after_in_child=_unwritten.clear)
    os.register_at_fork(after_in_child=WRITER.forget_after_fork)


def has_events(fd: int, events: int) -> bool:
    """Return whether the descriptor has any of the events right now, or an error or a hang-up."""
    poller = poll()
    poller.register(fd, events)
    return bool(poller.poll(0))
