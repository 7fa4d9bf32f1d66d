"""Contents of files: each read once, and encoded once, for all targets that ask for it."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict

from xnet_rsync import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Final

    from xnet_rsync.entries import Entry

#: Files up to this size travel together with others.
SMALL_BYTES: Final = 65_536
#: Contents of a pack, and of a piece of a large file.
PIECE_BYTES: Final = 262_144
#: Messages kept for targets that are a little behind the fastest one.
KEPT_BYTES: Final = 67_108_864

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Kept:
    """Results of calls, the latest up to so many bytes; each is made once, by whoever asks first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._results: OrderedDict[object, bytes] = OrderedDict()
        self._making: dict[object, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], bytes]) -> bytes:
        """Return what is kept for the key, or make it."""
        with self._lock:
            found = self._results.get(key)
            if found is not None:
                self._results.move_to_end(key)
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                found = self._results.get(key)
            if found is None:
                found = make()
                with self._lock:
                    self._making.pop(key, None)
                    self._results[key] = found
                    self._bytes += len(found)
                    while self._bytes > self._most_bytes:
                        self._bytes -= len(self._results.popitem(last=False)[1])
        return found


class Changed(Exception):
    """The file is no longer what it was when it was looked at."""


class Contents:
    """Reads the files of a source.

    Threads: any.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._kept = Kept(KEPT_BYTES)

    def path(self, entry: Entry) -> str:
        """Return where a file is."""
        return os.path.join(self._source, entry.path) if entry.path else self._source

    def small(self, entry: Entry) -> bytes:
        """Return the whole of a small file.

        Raises:
            OSError: It cannot be read.
            Changed: It is not what the index says.
        """
        fd = self._open(entry)
        try:
            data = os.read(fd, entry.size + 1)
            if len(data) != entry.size:
                raise Changed
            check_unchanged(fd, entry)
        finally:
            os.close(fd)
        return data

    def pack(self, entries: Sequence[Entry], method: int) -> tuple[bytes, list[tuple[Entry, Exception]]]:
        """Return a message with small files, and which could not be read."""
        failed: list[tuple[Entry, Exception]] = []

        def make() -> bytes:
            files = []
            for entry in entries:
                try:
                    files.append((entry.number, self.small(entry)))
                except (OSError, Changed) as error:  # noqa: PERF203 - each may fail by itself
                    failed.append((entry, error))
            return messages.encode_pack(files, method)

        key = (method, tuple([entry.number for entry in entries]))
        return self._kept.get(key, make), failed

    def stream(self, entry: Entry, method: int) -> Iterator[bytes]:
        """Yield the messages of a large file.

        Raises:
            OSError: It cannot be read.
            Changed: It is not what the index says; what was yielded is worth nothing.
        """
        fd = self._open(entry)
        try:
            offset = 0
            while True:
                flags = messages.FIRST if offset == 0 else 0
                size = min(PIECE_BYTES, entry.size - offset)
                if offset + size == entry.size:
                    flags |= messages.LAST

                def make(offset: int = offset, size: int = size, flags: int = flags) -> bytes:
                    data = os.pread(fd, size, offset)
                    if len(data) != size:
                        raise Changed
                    if flags & messages.LAST:
                        check_unchanged(fd, entry)
                    return messages.encode_data(entry.number, flags, offset, data, method)

                yield self._kept.get((method, entry.number, offset, entry.mtime_ns), make)
                offset += size
                if offset == entry.size:
                    return
        finally:
            os.close(fd)

    def _open(self, entry: Entry) -> int:
        fd = os.open(self.path(entry), _FLAGS)
        try:
            check_unchanged(fd, entry)
        except BaseException:
            os.close(fd)
            raise
        return fd


def check_unchanged(fd: int, entry: Entry) -> None:
    """Check that an open file is what was seen in the walk.

    Raises:
        Changed: It is another one, or another content.
    """
    found = os.fstat(fd)
    if (
        (found.st_dev, found.st_ino) != entry.identity
        or not stat.S_ISREG(found.st_mode)
        or found.st_size != entry.size
        or found.st_mtime_ns != entry.mtime_ns
    ):
        raise Changed
