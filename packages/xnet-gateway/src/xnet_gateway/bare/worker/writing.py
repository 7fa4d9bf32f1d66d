"""Frames are written, by whoever comes first; the others wait for that or leave it to them."""

from . import imports
from .errors import CANNOT_SEND, ClosedError
from .interpreter import OS, PY2, OSErrors, native, start_new_thread
from .protocol import HEADER, LIMIT_EXCEEDED, MAX_UNREAD, OPEN
from .sleeping import can_write, write_all
from .takers import green
from .waiting import Waiting


class Writing(Waiting):
    """A connection, as far as frames are written to it. What is above has ``fail_locked``.

    out, writing    frames to write; whether some thread is at it, which then writes what is added, too
    sealed          nothing may be sent any more; end_text says why
    """

    def __init__(self, fd_in, fd_out):
        Waiting.__init__(self, fd_in)
        self.fd_out = fd_out
        self.tracer = None
        self.heard = False  # since somebody looked (FR-025, FR-026)
        self.watched = False  # somebody looks
        self.out = []
        self.writing = False
        self.flusher_runs = False
        self.queued = self.written = self.answers = 0
        self.write_sleepers = []
        self.write_waiters = 0
        self.write_error = None
        self.sealed = False
        self.end_text = ""

    def problem_locked(self, state):
        """Return why nothing can be sent on a channel, or None."""
        if self.write_error is not None:
            return "the connection broke: %s" % self.write_error
        if self.sealed:
            return native(self.end_text)
        if state.sending is not OPEN:
            return "channel %d is closed" % state.id
        return None

    def check_sendable_locked(self, state):
        problem = self.problem_locked(state)
        if problem:
            raise ClosedError(CANNOT_SEND + problem)

    def queue(self, kind, number, payload, answer=False):
        """Queue a frame; ``answer`` if it is not executed code that wants it."""
        if self.sealed:
            return
        if self.tracer is not None:
            self.tracer.frame("sent", kind, number, len(payload))
        data = HEADER.pack(kind, number, len(payload)) + payload
        self.out.append(data)
        self.queued += len(data)
        if answer:
            self.answers += len(data)

    def flush_locked(self):
        """Wait until the operating system has everything that is queued now; raise if it never will."""
        position = self.queued
        hub = green()
        while self.written < position:
            if hub is not None:
                self.flush_soon_locked()  # another thread blocks in our place
            if self.writing or hub is not None:
                self.wait_written_locked(
                    lambda: self.written >= position or (hub is None and not self.writing), None
                )
            else:
                self.write_locked()
            if self.write_error is not None:
                raise ClosedError(CANNOT_SEND + "the connection broke: %s" % self.write_error)

    def wait_written_locked(self, ready, deadline):
        """Wait for those who write."""
        self.write_waiters += 1
        try:
            self.wait_locked(lambda: ready() or self.write_error, deadline, self.write_sleepers)
        finally:
            self.write_waiters -= 1

    def write_locked(self):
        """Write everything that is queued, and what is added meanwhile. See ``Channel.send`` for what it may call."""
        self.writing = True
        try:
            while self.out:
                data = b"".join(self.out)
                self.out = []
                self.answers = 0
                error = "it was interrupted in the middle of a frame"  # by a handler of signals, of the code
                self.lock.release()
                try:
                    left = data
                    if not self.watched:
                        try:
                            left = data[OS.write(self.fd_out, data) :]
                        except OSError:
                            pass  # which `write_all` knows how to treat
                    error = self.write_rest(left) if left else None
                finally:
                    self.lock.acquire()
                    self.written += len(data)
                    if error is not None or self.write_waiters:
                        self.wrote_locked(0, error)
        finally:
            self.writing = False
            if self.write_waiters:
                try:
                    self.notify_locked(self.write_sleepers)
                except RuntimeError:
                    start_new_thread(self.flusher, ())  # which has enough of the stack for that
            if self.sealed:
                self.shut_locked()

    def write_rest(self, data):
        """Write; what is taken after a wait is a sign of life (FR-026)."""
        if not self.watched:
            return write_all(self.fd_out, data)
        error = None
        for at in range(0, len(data), 65536):
            waits = not can_write(self.fd_out)
            error = write_all(self.fd_out, data[at : at + 65536])
            self.heard = self.heard or (waits and error is None)
        return error

    def wrote_locked(self, size, error):
        self.written += size
        if error is not None:
            self.write_error = error
            self.out = []
            self.written = self.queued
        if self.write_waiters:
            self.notify_locked(self.write_sleepers)

    def flush_soon_locked(self):
        """Write what is queued without blocking; a thread of its own writes what is left (FC-043)."""
        if self.out and not self.writing:
            data = b"".join(self.out)
            at = 0
            error = None
            # A pipe or socket that can be written takes this much without blocking.
            while at < len(data) and error is None and can_write(self.fd_out):
                part = data[at : at + 4096]
                error = write_all(self.fd_out, part)
                at += len(part)
            self.out = [data[at:]] if at < len(data) else []
            self.wrote_locked(at, error)
            if self.out and not self.flusher_runs:
                self.flusher_runs = True
                start_new_thread(self.flusher, ())
        if not self.out and not self.writing:
            self.answers = 0
            if self.sealed:
                self.shut_locked()
        if self.answers > MAX_UNREAD and not self.sealed:
            self.fail_locked(LIMIT_EXCEEDED, "%d bytes of answers were left unread" % self.answers)

    def flusher(self):
        with self.guard:
            self.flusher_runs = False
            if not self.writing:
                self.write_locked()

    def shut_locked(self):
        """Close our side of the stream."""
        fd, self.fd_out = self.fd_out, -1
        if fd < 0:
            return
        try:
            if OS.fstat(fd).st_mode & 0o170000 == 0o140000:  # a socket
                with imports.own_imports():
                    import _socket

                kind = _socket.AF_UNIX, _socket.SOCK_STREAM
                end = _socket.fromfd(fd, *kind) if PY2 else _socket.socket(kind[0], kind[1], 0, OS.dup(fd))
                try:
                    end.shutdown(_socket.SHUT_WR)
                finally:
                    end.close()
            if fd != self.fd_in:
                OS.close(fd)
        except OSErrors + (ImportError,):
            pass  # it has gone already
