"""One testee: a process, both ends of its stream and its standard error. Everything has a deadline."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Final

from xnet_conformance.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What is kept of a testee's standard error.
KEPT_STDERR_BYTES: Final = 256 * 1024
_READ_BYTES: Final = 1 << 18
#: Processes that were started here and have not ended yet, whatever holds their links.
_RUNNING: Final[set[subprocess.Popen[bytes]]] = set()
_NOT_INHERITED: Final = frozenset(["EXECNET_DEBUG", "XNET_TRACE_JSON"])


class Link:
    """Bytes to and from a testee, without ever blocking on it.

    Attributes:
        received: Bytes that have not been taken yet.
        ended: The testee's side of the stream has ended.
        broken: Bytes could not be written any more.
        reading: What the testee writes is read. Otherwise it has to wait once the system's buffers are full.
        change_incoming: Makes other bytes of those that came; called with nothing at the end. For mutants.
        change_outgoing: Makes other bytes of those that are written. For mutants.
    """

    def __init__(
        self, read_fd: int, write_fd: int, process: subprocess.Popen[bytes] | None, stderr_fd: int = -1
    ) -> None:
        self.process = process
        self.received = bytearray()
        self.ended = False
        self.broken = False
        self.reading = True
        self.stderr = bytearray()
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._stderr_fd = stderr_fd
        self.change_incoming: Callable[[bytes], bytes] | None = None
        self.change_outgoing: Callable[[bytes], bytes] | None = None
        self._outgoing = bytearray()
        self._close_when_written = False
        for fd in (read_fd, write_fd, stderr_fd):
            if fd >= 0:
                os.set_blocking(fd, False)

    def write(self, data: bytes) -> None:
        """Write, or keep what the testee does not take now."""
        if self.broken or self._write_fd < 0:
            return
        self._outgoing += data if self.change_outgoing is None else self.change_outgoing(data)
        self._flush()

    @property
    def input_closed(self) -> bool:
        """Whether the testee sees the end of its input, now or soon."""
        return self._close_when_written

    def close_input(self) -> None:
        """Let the testee see the end of its input once everything has been written."""
        self._close_when_written = True
        self._flush()

    def pump(self, deadline: float) -> bool:
        """Wait until something happened; return False if the deadline passed first.

        Raises:
            ValueError: The link was closed.
        """
        poll = select.poll()
        for fd in {self._read_fd if self.reading else -1, self._stderr_fd} - {-1}:
            poll.register(fd, select.POLLIN)
        if self._outgoing and self._write_fd >= 0:
            both = select.POLLIN | select.POLLOUT
            is_read = self.reading and self._write_fd == self._read_fd
            poll.register(self._write_fd, both if is_read else select.POLLOUT)
        left = deadline - time.monotonic()
        if left < 0 or (self._read_fd < 0 and self._stderr_fd < 0 and not self._outgoing):
            return False
        happened = poll.poll(left * 1000 + 1)
        for fd, _ in happened:
            if fd == self._stderr_fd:
                self._read_stderr()
            if fd == self._read_fd and self.reading:
                self._read()
            if fd == self._write_fd:
                self._flush()
        return bool(happened)

    def drain_stderr(self, deadline: float) -> str:
        """Read standard error to its end, or to the deadline, and return it."""
        while self._stderr_fd >= 0 and time.monotonic() < deadline:
            if not self.pump(deadline):
                break
        return self.stderr_text()

    def stderr_text(self) -> str:
        """Return what the testee has written to standard error so far."""
        return self.stderr.decode("utf-8", "replace")

    @property
    def fds(self) -> list[int]:
        """Descriptors to wait on, in addition to others."""
        return [self._read_fd, self._stderr_fd]

    @property
    def unwritten_bytes(self) -> int:
        """What the testee has not taken yet."""
        return len(self._outgoing)

    def wait_exit(self, deadline: float) -> int | None:
        """Return the exit status, or None if the process still runs at the deadline."""
        if self.process is None:
            return None
        while True:
            status = self.process.poll()
            if status is not None:
                return status
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if self._stderr_fd >= 0 or self._read_fd >= 0:
                self.pump(min(deadline, time.monotonic() + 0.02))
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(left)

    def close(self) -> None:
        """End the process with everything it started, and let go of the descriptors."""
        if self.process is not None:
            end_process(self.process)
        for fd in {self._read_fd, self._write_fd, self._stderr_fd} - {-1}:
            os.close(fd)
        self._read_fd = self._write_fd = self._stderr_fd = -1
        self.ended = True

    def _read(self) -> None:
        try:
            data = os.read(self._read_fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # a reset is an end like any other
            data = b""
        self.received += data if self.change_incoming is None else self.change_incoming(data)
        if data:
            return
        self.ended = True
        if self._read_fd != self._write_fd:
            os.close(self._read_fd)
        self._read_fd = -1

    def _read_stderr(self) -> None:
        try:
            data = os.read(self._stderr_fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.stderr += data[: KEPT_STDERR_BYTES - len(self.stderr)]
            return
        os.close(self._stderr_fd)
        self._stderr_fd = -1

    def _flush(self) -> None:
        while self._outgoing and self._write_fd >= 0:
            try:
                done = os.write(self._write_fd, self._outgoing[:_READ_BYTES])
            except BlockingIOError:
                return
            except OSError:
                self.broken = True
                self._outgoing.clear()
                break
            del self._outgoing[:done]
        if self._close_when_written and self._write_fd >= 0:
            self._close_when_written = False
            if self._write_fd == self._read_fd:
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self._write_fd)) as end:
                    end.shutdown(socket.SHUT_WR)
            else:
                os.close(self._write_fd)
                self._write_fd = -1


def start(
    command: str, *, stdio: str = "pipes", environ: Mapping[str, str] | None = None, cwd: str | None = None
) -> Link:
    """Start a testee that speaks the protocol on its standard input and output.

    Args:
        command: Words as for a shell; no shell is involved.
        stdio: "pipes", or "socket": one connected socket is both.
        environ: Variables in addition to ours; our own for traces are not passed on.
        cwd: Where it runs.

    Raises:
        CannotStart: The program does not exist.
    """
    # A trace that the user of the suite has switched on must not affect a case.
    inherited = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
    ours: socket.socket | None = None
    theirs: socket.socket | None = None
    if stdio == "socket":
        ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(
            shlex.split(command),
            stdin=subprocess.PIPE if theirs is None else theirs.fileno(),
            stdout=subprocess.PIPE if theirs is None else theirs.fileno(),
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env={**inherited, **(environ or {})},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        if ours is not None:
            ours.close()
        raise CannotStart(f"the command {command!r} cannot be started: {error}") from None
    finally:
        if theirs is not None:
            theirs.close()
    _RUNNING.add(process)
    assert process.stderr is not None
    stderr = _take(process.stderr)
    if ours is not None:
        fd = ours.detach()
        return Link(fd, fd, process, stderr)
    assert process.stdin is not None
    assert process.stdout is not None
    return Link(_take(process.stdout), _take(process.stdin), process, stderr)


def _take(stream: object) -> int:
    """Return a descriptor of our own in place of a file object."""
    fd = os.dup(stream.fileno())  # type: ignore[attr-defined]
    stream.close()  # type: ignore[attr-defined]
    return fd


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and everything in its session, and reap it."""
    _kill(process)
    process.wait()
    _RUNNING.discard(process)


def kill_all() -> None:
    """Kill every testee that runs, whichever thread waits for it: what it waits for has ended then.

    Threads: any, and handlers of signals.
    """
    for process in list(_RUNNING):
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
