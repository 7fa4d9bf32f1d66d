"""Who is at the other end of a unix socket, where no secret says so. Spec: SO-035."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys

from xnet_channel.platform.native import OS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: ``struct ucred`` of Linux: process, user, group.
_CREDENTIALS: Final = struct.Struct("iII")


def peer_user(sock: socket.socket) -> int | None:
    """Return the user at the other end, which connected or listens. None if the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None or not sys.platform.startswith("linux"):
        return None
    _, user, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    return int(user)


def is_trusted(user: int) -> bool:
    """Return whether a user may do here what we may: it is ours, or root."""
    return user in (OS.geteuid(), 0)


def why_not_ours(sock: socket.socket, path: str) -> str | None:
    """Return why the listener at a path may not be our user's, or None if it is our user's or root's.

    Args:
        sock: Connected to it.
        path: Where.

    Raises:
        OSError: It no longer exists.
    """
    user = peer_user(sock)
    if user is not None:
        return None if is_trusted(user) else f"user {user} listens there"
    return why_not_our_path(path)


def why_not_our_path(path: str) -> str | None:
    """Return why another user can have put a socket at a path, by its owner and that of its directory.

    Raises:
        OSError: It does not exist.
    """
    folder = OS.stat(os.path.dirname(os.path.abspath(path)))
    if not is_trusted(folder.st_uid):
        return f"its directory belongs to user {folder.st_uid}"
    if folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not folder.st_mode & stat.S_ISVTX:
        return "others can write to its directory"
    owner = OS.lstat(path).st_uid
    return None if is_trusted(owner) else f"it belongs to user {owner}"
