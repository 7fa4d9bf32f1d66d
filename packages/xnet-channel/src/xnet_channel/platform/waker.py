"""A descriptor that one thread can make readable to wake another one out of its poll."""

from __future__ import annotations

from xnet_channel.platform.native import OS


class Waker:
    """One wake-up flag: waking twice before a look is waking once.

    Threads: ``wake`` from any thread, also from finalisers and signal handlers.
    """

    __slots__ = ("_read_fd", "_write_fd")

    def __init__(self) -> None:
        if hasattr(OS, "eventfd"):
            self._read_fd = self._write_fd = OS.eventfd(0, OS.EFD_NONBLOCK | OS.EFD_CLOEXEC)
        else:
            self._read_fd, self._write_fd = OS.pipe()
            OS.set_blocking(self._read_fd, False)
            OS.set_blocking(self._write_fd, False)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._read_fd

    def wake(self) -> None:
        """Make the descriptor readable. Never blocks, never raises."""
        try:
            OS.write(self._write_fd, b"\1\0\0\0\0\0\0\0")
        except (BlockingIOError, OSError):
            pass  # full: it is readable already; closed: no thread waits any more

    def drain(self) -> None:
        """Make the descriptor quiet again."""
        try:
            OS.read(self._read_fd, 4096)
        except (BlockingIOError, OSError):
            pass  # it was drained already, or is closed

    def close(self) -> None:
        """Give the descriptors back."""
        OS.close(self._read_fd)
        if self._write_fd != self._read_fd:
            OS.close(self._write_fd)
