"""Contents of files: each read once, cut once and compressed once, for all targets that ask for it."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from hashlib import sha256

from xnet_rsync import messages
from xnet_rsync.chunk_list import ChunkList
from xnet_rsync.compression import STORED
from xnet_rsync.entries import FILE, Entry, permissions
from xnet_rsync.memo import Memo
from xnet_rsync.receiver import file_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Final

#: Files up to this size travel together with others.
SMALL_BYTES: Final = 65_536
#: Contents of a pack, and of a piece of a large file: what takes a quarter of a channel's window.
PIECE_BYTES: Final = 262_144
#: Files up to this size are read as a whole when they are cut.
READ_WHOLE_BYTES: Final = 8_388_608
#: How much is kept for targets a little behind the fastest one.
KEPT_BYTES: Final = 67_108_864
#: Lists of chunks that are kept, about 20 bytes for each chunk.
KEPT_LISTS: Final = 64
#: How often a file that changes all the time is looked at again.
MOST_VERSIONS: Final = 5
#: What of a file tells it from most others of the same size.
HEAD_BYTES: Final = 65_536

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Changed(Exception):
    """The file is no longer what it was when it was looked at."""


class KeepsChanging(Exception):
    """The file was another one each time it was looked at."""


class Contents:
    """Reads the files of a source.

    Threads: any.
    """

    def __init__(
        self,
        source: str,
        kept_bytes: int = KEPT_BYTES,
        owners: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        """Prepare.

        Args:
            source: The directory or the file.
            kept_bytes: How much is kept for targets that are a little behind.
            owners: Of entries with setuid or setgid bits, as the index says it.
        """
        self._source = source
        self._owners = {} if owners is None else owners
        self._kept = Memo(kept_bytes)
        self._digests: dict[tuple[int, int], bytes] = {}
        self._latest: dict[int, Entry] = {}
        self._lists: OrderedDict[tuple[int, int], ChunkList] = OrderedDict()
        self._listing: dict[tuple[int, int], threading.Lock] = {}
        self._does_not_compress: set[int] = set()
        self._lock = threading.Lock()

    def latest(self, entry: Entry) -> Entry:
        """Return what is known of a file now."""
        return self._latest.get(entry.number, entry)

    # -- whole files --------------------------------------------------------------------------------

    def small(self, entry: Entry) -> bytes:
        """Return the whole of a small file.

        Raises:
            OSError: It cannot be read.
            Changed: It is not what was seen.
        """
        return self._kept.get(("raw", entry.number, entry.version), lambda: self._read_whole(entry))

    def _read_whole(self, entry: Entry) -> bytes:
        fd = self._open(entry)
        try:
            data = os.read(fd, entry.size + 1)
            while len(data) < entry.size and (more := os.read(fd, entry.size + 1 - len(data))):
                data += more
            if len(data) != entry.size:
                raise Changed
            check_unchanged(fd, entry)
        finally:
            os.close(fd)
        return data

    def pack(self, entries: Sequence[Entry], method: int) -> bytes:
        """Return content with small files.

        Raises:
            OSError, Changed: One of them cannot be read, or is not what was seen.
        """
        key = ("pack", method, tuple([(entry.number, entry.version) for entry in entries]))
        return self._kept.get(
            key,
            lambda: messages.encode_pack([(entry.number, self._once(entry)) for entry in entries], method),
        )

    def _once(self, entry: Entry) -> bytes:
        # Not kept for itself unless somebody had to look at it: the pack is.
        found = self._kept.maybe(("raw", entry.number, entry.version))
        return self._read_whole(entry) if found is None else found

    def stream(
        self, entry: Entry, method: int, spans: Iterable[tuple[int, int]] | None = None
    ) -> Iterator[bytes]:
        """Yield content with the pieces of a file.

        Args:
            entry: The file.
            method: How to compress.
            spans: Which ranges of bytes, in order; by default all but the holes.

        Raises:
            OSError: It cannot be read.
            Changed: It is not what was seen; what was yielded is worth nothing.
        """
        fd = self._open(entry)
        try:
            if spans is None:
                spans = data_ranges(fd, entry.size)
            pieces = [
                (offset, min(PIECE_BYTES, end - offset))
                for start, end in spans
                for offset in range(start, end, PIECE_BYTES)
            ]
            flags = messages.FIRST
            for number, (offset, size) in enumerate(pieces or [(0, 0)], 1):
                if number >= len(pieces):
                    flags |= messages.LAST
                yield self._piece(fd, entry, flags, offset, size, method)
                flags = 0
        finally:
            os.close(fd)

    def _piece(self, fd: int, entry: Entry, flags: int, offset: int, size: int, method: int) -> bytes:
        if entry.number in self._does_not_compress:
            method = STORED

        def make() -> bytes:
            raw = self._kept.maybe(("raw", entry.number, entry.version))
            data = os.pread(fd, size, offset) if raw is None else raw[offset : offset + size]
            if len(data) != size:
                raise Changed
            content = messages.encode_data(entry.number, flags, offset, data, method)
            if size == PIECE_BYTES and method != STORED and messages.is_stored(content):
                self._does_not_compress.add(entry.number)
            return content

        content = self._kept.get(("piece", method, entry.number, entry.version, offset, size, flags), make)
        if flags & messages.LAST:
            check_unchanged(fd, entry)
        return content

    # -- chunks and digests -------------------------------------------------------------------------

    def chunks(self, entry: Entry) -> ChunkList:
        """Return the list of chunks of a file.

        Raises:
            OSError: It cannot be read.
            Changed: It is not what was seen.
        """
        key = entry.number, entry.version
        with self._lock:
            lock = self._listing.setdefault(key, threading.Lock())
        with lock:
            found = self._lists.get(key)
            if found is None:
                found = self._cut(entry)
        with self._lock:
            self._lists[key] = found
            self._lists.move_to_end(key)
            while len(self._lists) > KEPT_LISTS:
                self._listing.pop(self._lists.popitem(last=False)[0], None)
        return found

    def _cut(self, entry: Entry) -> ChunkList:
        if entry.size <= READ_WHOLE_BYTES:
            raw = self.small(entry)
            return ChunkList(lambda size, offset: raw[offset : offset + size], [(0, entry.size)], entry.size)
        fd = self._open(entry)
        try:
            ranges = data_ranges(fd, entry.size)
            found = ChunkList(lambda size, offset: os.pread(fd, size, offset), ranges, entry.size)
            check_unchanged(fd, entry)
        finally:
            os.close(fd)
        if sum(found.lengths) != sum(end - start for start, end in ranges):
            raise Changed
        return found

    def head(self, entry: Entry) -> bytes:
        """Return what tells a file from most others: a digest of its beginning.

        Raises:
            OSError, Changed: See ``small``.
        """
        if entry.size <= SMALL_BYTES:
            return self.digest(entry)
        return self._kept.get(("head", entry.number, entry.version), lambda: self._compute_head(entry))

    def _compute_head(self, entry: Entry) -> bytes:
        fd = self._open(entry)
        try:
            return sha256(os.pread(fd, HEAD_BYTES, 0)).digest()
        finally:
            os.close(fd)

    def digest(self, entry: Entry) -> bytes:
        """Return the SHA-256 of a file's content.

        Raises:
            OSError, Changed: See ``small``.
        """
        key = entry.number, entry.version
        found = self._digests.get(key)
        if found is None:
            found = self._kept.get(("digest", *key), lambda: self._compute_digest(entry))
            self._digests[key] = found  # not more of them than the index has entries
        return found

    def _compute_digest(self, entry: Entry) -> bytes:
        if entry.size <= READ_WHOLE_BYTES:
            return sha256(self.small(entry)).digest()
        computed = sha256()
        fd = self._open(entry)
        try:
            offset = 0
            while data := os.pread(fd, PIECE_BYTES, offset):
                computed.update(data)
                offset += len(data)
            check_unchanged(fd, entry)
        finally:
            os.close(fd)
        return computed.digest()

    # -- what changes -------------------------------------------------------------------------------

    def renew(self, entry: Entry) -> Entry:
        """Look at a file again that is not what it was.

        Returns:
            What it is now.

        Raises:
            OSError: It is gone, or no file any more, or a link leads to it.
            KeepsChanging: It has changed too often.
        """
        with self._lock:
            latest = self._latest.get(entry.number, entry)
            if latest.version > entry.version:
                return latest  # another target was first
            if latest.version == MOST_VERSIONS:
                raise KeepsChanging
            fd = self._open_beneath(entry.path)
            try:
                found = os.fstat(fd)
            finally:
                os.close(fd)
            if not stat.S_ISREG(found.st_mode):
                raise FileNotFoundError(f"{entry.path!r} is not a file any more")
            latest = Entry(
                entry.number,
                entry.path,
                entry.name,
                FILE,
                permissions(found, self._owners.get(entry.number)),
                found.st_size,
                found.st_mtime_ns,
                (found.st_dev, found.st_ino),
                folder=entry.folder,
                version=latest.version + 1,
            )
            self._latest[entry.number] = latest
        return latest

    def _path(self, path: str) -> str:
        return os.path.join(self._source, path) if path else self._source

    def _open(self, entry: Entry) -> int:
        fd = os.open(self._path(entry.path), _FLAGS if entry.path else _FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
        try:
            check_unchanged(fd, entry)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _open_beneath(self, path: str) -> int:
        """Open a file without following any link below the source: its identity is not known yet."""
        if not path or os.open not in os.supports_dir_fd:
            return os.open(self._path(path), _FLAGS if path else _FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
        *folders, name = path.split("/")
        folder = os.open(self._source, _FOLDER)
        try:
            for inner in folders:
                deeper = os.open(inner, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = deeper
            return os.open(name, _FLAGS, dir_fd=folder)
        finally:
            os.close(folder)


def data_ranges(fd: int, size: int) -> list[tuple[int, int]]:
    """Return where an open file has data and no holes: start and end of each range."""
    found: list[tuple[int, int]] = file_data.data_ranges(fd, size, getattr(os.fstat(fd), "st_blocks", None))
    return found


def check_unchanged(fd: int, entry: Entry) -> None:
    """Check that an open file is what was seen.

    Raises:
        Changed: It is another one, or has another content.
    """
    found = os.fstat(fd)
    if (
        (found.st_dev, found.st_ino) != entry.identity
        or not stat.S_ISREG(found.st_mode)
        or found.st_size != entry.size
        or found.st_mtime_ns != entry.mtime_ns
    ):
        raise Changed
