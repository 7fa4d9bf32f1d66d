"""Walking the source, once for all targets."""

from __future__ import annotations

import errno
import os
import stat

from xnet_rsync.entries import DIRECTORY, FILE, LINK, SETID, TREE_LINK, Entry, Listing, permissions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Final

    from xnet_rsync.patterns import Patterns

#: How names of unfinished files begin; they are never sent. Spec: RS-031.
TEMPORARY: Final = b".xnet-rsync-"


class Walk:
    """Goes through a directory and what is below it.

    Attributes:
        root: The entry of the source itself: a directory, or a single file.
        skipped: Paths of what is neither file, directory nor link.
        unreadable: What could not be looked at, and why.
        owners: User and group of each entry that keeps setuid or setgid bits, by number.
    """

    def __init__(
        self,
        source: str,
        keep: Callable[[str], object],
        include: Patterns | None = None,
        exclude: Patterns | None = None,
        setuid: bool = False,
    ) -> None:
        """Look at the source itself.

        Args:
            source: A directory or a file; a link to one is followed.
            keep: Called with the full path of everything below the source; what it refuses is left out, and
                all below it.
            include: What other things than directories have to match.
            exclude: What is left out, and all below it.
            setuid: Whether setuid and setgid bits are kept.

        Raises:
            OSError: Nothing is there.
            ValueError: It is neither a directory nor a file.
        """
        self.source = source
        self.skipped: list[str] = []
        self.unreadable: list[tuple[str, OSError]] = []
        self._keep = keep
        self._include = include
        self._exclude = exclude
        self.owners: dict[int, tuple[int, int]] | None = {} if setuid else None
        found = os.stat(source)
        if stat.S_ISDIR(found.st_mode):
            kind = DIRECTORY
        elif stat.S_ISREG(found.st_mode):
            kind = FILE
        else:
            raise ValueError(f"cannot sync {source!r}: it is neither a directory nor a file")
        self.root = self._entry(0, "", b"", kind, found)
        self._next_number = 1
        # A link to an absolute path below this points into the tree.
        self._inside = os.path.join(os.path.abspath(source), "")

    def listings(self) -> Iterator[Listing]:
        """Yield one directory after the other, each after the one around it. Spec: RS-022."""
        if self.root.kind != DIRECTORY:
            return
        waiting = [self.root]
        while waiting:
            listing = self._list(waiting.pop())
            waiting += [entry for entry in reversed(listing.entries) if entry.kind == DIRECTORY]
            yield listing

    def _list(self, folder: Entry) -> Listing:
        full = os.path.join(self.source, folder.path) if folder.path else self.source
        try:
            opened = _open_folder(full, folder)
        except FileNotFoundError:
            return Listing(folder, [], False)  # it has vanished meanwhile
        except OSError as error:
            self.unreadable.append((folder.path, error))
            return Listing(folder, [], False)
        try:
            with os.scandir(full if opened is None else opened) as found:
                there = sorted(found, key=lambda one: one.name)
            return self._look_at_all(folder, full, opened, there)
        finally:
            if opened is not None:
                os.close(opened)

    def _look_at_all(
        self, folder: Entry, full: str, opened: int | None, there: list[os.DirEntry[str]]
    ) -> Listing:
        entries: list[Entry] = []
        complete = True
        for one in there:
            name = os.fsencode(one.name)
            path = f"{folder.path}/{one.name}" if folder.path else one.name
            if name.startswith(TEMPORARY) or not self._keep(os.path.join(full, one.name)):
                continue
            try:
                if self._is_left_out(path, one):
                    continue
                entry = self._look(folder, opened, path, name, one)
            except FileNotFoundError:
                continue  # it has vanished meanwhile
            except OSError as error:
                self.unreadable.append((path, error))
                complete = False
                continue
            if entry is None:
                self.skipped.append(path)
                continue
            entries.append(entry)
            self._next_number += 1
        return Listing(folder, entries, complete)

    def _is_left_out(self, path: str, one: os.DirEntry[str]) -> bool:
        if self._include is None and self._exclude is None:
            return False
        is_directory = one.is_dir(follow_symlinks=False)
        if self._exclude is not None and self._exclude.match(path, is_directory):
            return True
        return self._include is not None and not is_directory and not self._include.match(path, False)

    def _look(
        self, folder: Entry, opened: int | None, path: str, name: bytes, one: os.DirEntry[str]
    ) -> Entry | None:
        found = one.stat(follow_symlinks=False)
        number = self._next_number
        kind, text = FILE, b""
        if stat.S_ISDIR(found.st_mode):
            kind = DIRECTORY
        elif stat.S_ISLNK(found.st_mode):
            kind, text = self._read_link(
                os.readlink(one.path) if opened is None else os.readlink(one.name, dir_fd=opened)
            )
        elif not stat.S_ISREG(found.st_mode):
            return None
        return self._entry(number, path, name, kind, found, text, folder.number)

    def _entry(
        self,
        number: int,
        path: str,
        name: bytes,
        kind: int,
        found: os.stat_result,
        text: bytes = b"",
        folder: int = 0,
    ) -> Entry:
        owner = None
        if found.st_mode & SETID and self.owners is not None and kind < LINK:
            owner = self.owners[number] = found.st_uid, found.st_gid
        size = found.st_size if kind == FILE else 0
        mode = permissions(found, owner)
        identity = found.st_dev, found.st_ino
        return Entry(number, path, name, kind, mode, size, found.st_mtime_ns, identity, text, folder)

    def _read_link(self, text: str) -> tuple[int, bytes]:
        inside = os.path.relpath(text, self._inside) if text.startswith(self._inside) else ""
        if inside and inside != ".." and not inside.startswith("../"):
            return TREE_LINK, os.fsencode(inside)
        return LINK, os.fsencode(text)


def _open_folder(full: str, folder: Entry) -> int | None:
    """Open a directory of the source, if the system lists open ones; None if not.

    Raises:
        OSError: It is not a directory any more, or another one: nothing put in its place is read.
    """
    if os.scandir not in os.supports_fd or os.readlink not in os.supports_dir_fd:
        return None
    opened = os.open(
        full, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if folder.path else 0)
    )
    found = os.fstat(opened)
    if (found.st_dev, found.st_ino) != folder.identity:
        os.close(opened)
        raise NotADirectoryError(errno.ENOTDIR, "has been replaced by another directory", full)
    return opened
