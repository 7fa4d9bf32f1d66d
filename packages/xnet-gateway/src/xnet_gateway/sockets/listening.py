"""What a server listens on: loopback, more only with a secret, or a unix socket for this user alone."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import sys
from contextlib import contextmanager

from xnet_channel.platform.native import CLOCK, OS, original
from xnet_gateway.sockets.addresses import format_host_port, is_loopback, parse_host_port, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

#: Connections that the kernel keeps until we take them.
BACKLOG: Final = 128
#: How long another server that starts at the same path may take, in seconds.
LOCK_S: Final = 5.0
LOCK_POLL_S: Final = 0.02
#: Longest path of a socket, in bytes: of ``sun_path`` (108 on Linux, 104 elsewhere), without its end.
PATH_BYTES: Final = 107 if sys.platform.startswith("linux") else 103

# Threads take the connections: sockets of a library of greenlets would not do.
_SOCKET: Final = original("socket", "socket")


class Listener:
    """A bound socket that listens.

    Attributes:
        socket: That socket.
        address: What clients dial, as text.

    Threads: one at a time.
    """

    def __init__(self, sock: socket.socket, address: str, file: os.stat_result | None = None) -> None:
        self.socket = sock
        self.address = address
        self._file = file

    def close(self) -> None:
        """Stop listening, and remove the socket's file if there is one and it is still ours."""
        self.socket.close()
        if self._file is not None:
            _remove(self.address, self._file)
            self._file = None


def listen(address: str, *, secret_given: bool) -> Listener:
    """Listen at ``HOST:PORT``; port 0 lets the system choose.

    Args:
        address: The first address of the host is taken; an empty host or ``*`` is every IPv4 address.
        secret_given: Whether clients must know a secret.

    Raises:
        ValueError: It is not such an address, or others could reach it without a secret (our caller's fault).
        OSError: It cannot be bound: it is taken, or not of this machine.
    """
    host, port = parse_host_port(address)
    family, target = resolve(host, port)[0]
    if not secret_given and not is_loopback(target[0]):
        raise ValueError(
            f"listening on {address} needs a secret: it can be reached from other machines, and anyone who"
            " connects runs code as the user of this server"
        )
    sock = _SOCKET(family, socket.SOCK_STREAM)
    try:
        # A server that was stopped may be started again at once.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # what was asked for, and no more
        sock.bind(target)
        sock.listen(BACKLOG)
        bound = sock.getsockname()
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {address}: {error.strerror}") from error
    return Listener(sock, format_host_port(bound[0], bound[1]))


def listen_unix(path: str) -> Listener:
    """Listen at a path that only this user can connect to.

    An existing socket file is replaced if nothing listens on it any more. Directory and path must
    be safe from other users; a server cannot make them so.

    Raises:
        ValueError: Anyone may write to the directory, or something else is there (our caller's fault).
        OSError: Another process listens there, or it cannot be bound.
    """
    path = os.path.abspath(path)  # it is removed at the end, wherever we are then
    if len(os.fsencode(path)) > PATH_BYTES:
        raise OSError(
            errno.ENAMETOOLONG,
            f"cannot listen on {path!r}: it is too long, at most {PATH_BYTES} bytes are allowed",
        )
    folder = OS.open(os.path.dirname(path), OS.O_RDONLY | OS.O_DIRECTORY | OS.O_CLOEXEC)
    try:
        mode = OS.fstat(folder).st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise ValueError(
                f"the directory of {path!r} can be written by everyone, so another user could put a"
                " socket there"
            )
        _lock(folder, path)
        _remove_stale(path)
        return _bind_unix(path)
    finally:
        OS.close(folder)  # and with it the lock


def _bind_unix(path: str) -> Listener:
    sock = _SOCKET(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _folder_of_ours(os.path.dirname(path)) as folder:
            # Between bind and chmod anyone could connect, if it were not for the folder; and the umask, which
            # would do as well, belongs to all threads of the program.
            inside = os.path.join(folder, "s")
            sock.bind(inside)
            try:
                OS.chmod(inside, 0o600)
                sock.listen(BACKLOG)
                OS.link(inside, path)  # unlike a rename it replaces nothing
            finally:
                OS.unlink(inside)
        status = OS.lstat(path)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {path!r}: {error.strerror or error}") from error
    return Listener(sock, path, status)


@contextmanager
def _folder_of_ours(beside: str) -> Iterator[str]:
    """Make a folder that only this user can enter; its name is short, as names of sockets must be.

    And not the number of the process, which is the same again in each container.
    """
    folder = os.path.join(beside, f".x{os.urandom(4).hex()}")
    OS.mkdir(folder, 0o700)
    try:
        yield folder
    finally:
        OS.rmdir(folder)


def _lock(folder: int, path: str) -> None:
    """Keep others from starting at the same path meanwhile: each would take the other's file for stale.

    The lock is on the directory, so that nothing is left behind.
    """
    deadline_s = CLOCK.monotonic() + LOCK_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return  # a file system without locks
        if CLOCK.monotonic() > deadline_s:
            raise OSError(
                errno.EAGAIN, f"cannot listen on {path!r}: another program has its directory locked"
            )
        CLOCK.sleep(LOCK_POLL_S)


def _remove_stale(path: str) -> None:
    try:
        status = OS.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise ValueError(f"cannot listen on {path!r}: it exists and is not a socket")
    with _SOCKET(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a server whose backlog is full is a server
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            _remove(path, status)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINPROGRESS):
                raise OSError(error.errno, f"cannot listen on {path!r}: {error.strerror}") from error
    raise OSError(errno.EADDRINUSE, f"cannot listen on {path!r}: another process already listens there")


def _remove(path: str, ours: os.stat_result) -> None:
    """Remove the file if it is still that one."""
    try:
        now = OS.lstat(path)
        if (now.st_dev, now.st_ino) == (ours.st_dev, ours.st_ino):
            OS.unlink(path)
    except OSError:
        pass  # something else removed it
