"""Carries bytes between standard input and output and a socket: ``relay.py PATH``.

An initiator under test starts this as its worker; the runner is behind the socket and plays the worker. It
imports nothing of the suite, so that it starts quickly.
"""

from __future__ import annotations

import os
import socket
import sys
from _thread import start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 15


def main(path: str) -> None:
    """Relay in a child: an initiator may kill its worker right behind its last word."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    relay(path)


def relay(path: str) -> None:
    """Relay until the runner has ended its direction: nobody is left to talk to then.

    Each direction has a thread, so that one which is stuck holds up nothing in the other.
    """
    end = socket.socket(socket.AF_UNIX)
    # Cases have the runner read nothing: what waits on the way then is to be little.
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK)
    end.connect(path)
    start_new_thread(_carry, (0, end.sendall, lambda: end.shutdown(socket.SHUT_WR)))
    _carry(end.fileno(), _write_out, lambda: os.close(1))


def _carry(fd: int, take: Callable[[bytes], object], finish: Callable[[], object]) -> None:
    while True:
        try:
            data = os.read(fd, _CHUNK)
        except OSError:
            data = b""
        try:
            if not data:
                finish()
                return
            take(data)
        except OSError:  # whoever took it is gone; what it said before still goes the other way
            if not data:
                return
            take = len


def _write_out(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main(sys.argv[1])
