"""The descriptors of a session: one socket, or a pair of pipes."""

from __future__ import annotations

from xnet_channel.platform.native import OS


class Descriptors:
    """What a session reads from and writes to; it owns them.

    Attributes:
        read_fd: Where to read.
        write_fd: Where to write; may be the same.
    """

    __slots__ = ("_open", "_watch_fd", "read_fd", "write_fd")

    def __init__(self, read_fd: int, write_fd: int | None) -> None:
        """Take the descriptors over and make them non-blocking."""
        self.read_fd = read_fd
        self.write_fd = read_fd if write_fd is None else write_fd
        self._watch_fd = -1
        self._open = True
        OS.set_blocking(self.read_fd, False)
        OS.set_blocking(self.write_fd, False)

    @property
    def write_watch_fd(self) -> int:
        """A descriptor of its own to watch for writing, while the other is watched for reading."""
        if self.write_fd != self.read_fd:
            return self.write_fd
        if self._watch_fd < 0:
            self._watch_fd = OS.dup(self.write_fd)
        return self._watch_fd

    def close(self) -> None:
        """Close them, once."""
        if self._open:
            self._open = False
            for fd in {self.read_fd, self.write_fd, self._watch_fd} - {-1}:
                OS.close(fd)
