"""What a tree consists of, on the sending side."""

from __future__ import annotations

import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Final

#: Kinds of entries. Spec: RS-020.
DIRECTORY: Final = 1
FILE: Final = 2
LINK: Final = 3
TREE_LINK: Final = 4
#: Permissions that lend the rights of a file's owner, or of its group.
SETID: Final = stat.S_ISUID | stat.S_ISGID


class Entry:
    """One file, directory or link of the source, as it was when it was looked at.

    Attributes:
        number: Its number in this sync; 0 is the root.
        path: Below the root, in the system's encoding of names; "" for the root.
        name: The last component, as bytes.
        kind: ``DIRECTORY``, ``FILE``, ``LINK`` or ``TREE_LINK``.
        mode: Permissions.
        size: Of a file, in bytes; else 0.
        mtime_ns: When its content changed.
        identity: Device and inode, which tell it from what may have taken its place.
        text: Where a link points to.
        folder: Number of the directory it is in.
        version: 0 as in the index, more if it was looked at again because it had changed.
    """

    __slots__ = (
        "folder",
        "identity",
        "kind",
        "mode",
        "mtime_ns",
        "name",
        "number",
        "path",
        "size",
        "text",
        "version",
    )

    def __init__(
        self,
        number: int,
        path: str,
        name: bytes,
        kind: int,
        mode: int,
        size: int,
        mtime_ns: int,
        identity: tuple[int, int],
        text: bytes = b"",
        folder: int = 0,
        version: int = 0,
    ) -> None:
        self.number = number
        self.path = path
        self.name = name
        self.kind = kind
        self.mode = mode
        self.size = size
        self.mtime_ns = mtime_ns
        self.identity = identity
        self.text = text
        self.folder = folder
        self.version = version

    def __repr__(self) -> str:
        return f"<Entry {self.number} {self.path!r}>"


class Listing:
    """The entries of one directory that are sent.

    Attributes:
        folder: The directory.
        entries: Its entries, numbered without a gap.
        complete: Whether everything in it could be read; if not, nothing must be removed there.
    """

    __slots__ = ("complete", "entries", "folder")

    def __init__(self, folder: Entry, entries: list[Entry], complete: bool) -> None:
        self.folder = folder
        self.entries = entries
        self.complete = complete


def permissions(found: os.stat_result, owner: tuple[int, int] | None) -> int:
    """Return the permissions to send; with setuid and setgid bits only for this owner. Spec: RS-028."""
    mode = stat.S_IMODE(found.st_mode)
    return mode if owner == (found.st_uid, found.st_gid) else mode & ~SETID
