"""Carries bytes between standard input and output and a socket: ``relay.py PATH``.

An initiator under test starts this as its worker; the runner is behind the socket and plays the worker. It
imports nothing of the suite, so that it starts quickly.
"""

import os
import select
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 16


def main(path: str) -> None:
    """Relay in a child: an initiator may kill its worker right behind its last word."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    relay(path)


def relay(path: str) -> None:
    """Relay until both directions have ended."""
    end = socket.socket(socket.AF_UNIX)
    end.connect(path)
    # Descriptor to read -> what to do with the bytes, and what when there are no more.
    ways: dict[int, tuple[Callable[[bytes], object], Callable[[], object]]] = {
        0: (end.sendall, lambda: end.shutdown(socket.SHUT_WR)),
        end.fileno(): (_write_out, lambda: os.close(1)),
    }
    while ways:
        ready, _, _ = select.select(list(ways), [], [])
        for fd in ready:
            take, finish = ways[fd]
            try:
                data = os.read(fd, _CHUNK)
            except OSError:
                data = b""
            if data:
                try:
                    take(data)
                except OSError:  # whoever took it is gone; what it said before still goes the other way
                    ways[fd] = (len, finish)
            else:
                del ways[fd]
                try:
                    finish()
                except OSError:
                    pass  # it was closed by the other side already
                if fd == end.fileno():
                    return  # nobody is left to talk to


def _write_out(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main(sys.argv[1])
