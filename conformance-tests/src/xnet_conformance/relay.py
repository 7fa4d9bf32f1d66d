"""Carries bytes between standard input and output and a socket: ``relay.py SCALE PATH``.

An initiator under test starts this as its worker; the runner, at the other end of the socket, plays the
worker. It imports nothing of the suite, so that it starts quickly.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 15
_LAST_WORDS_S = 1.0
_LOOK_S = 0.02


def main(scale: float, path: str) -> None:
    """Relay in a child: an initiator may kill its worker right after its last word."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    relay(path, _LAST_WORDS_S * scale)


def relay(path: str, last_words_s: float) -> None:
    """Relay until the runner has ended its direction, and a moment longer for last words of the initiator.

    Each direction has a thread, so that one which is stuck holds up nothing in the other.
    """
    end = socket.socket(socket.AF_UNIX)
    # Cases have the runner read nothing: what waits on the way then is to be little.
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK)
    end.connect(path)
    ended = allocate_lock()
    ended.acquire()

    def from_initiator() -> None:
        _carry(0, end.sendall, lambda: end.shutdown(socket.SHUT_WR))
        ended.release()

    start_new_thread(from_initiator, ())
    _carry(end.fileno(), _write_out, lambda: os.close(1))
    gone = select.poll()
    gone.register(end, 0)  # tells of nothing but its end in both directions
    deadline = time.monotonic() + last_words_s
    while not ended.acquire(timeout=_LOOK_S) and not gone.poll(0) and time.monotonic() < deadline:
        pass


def _carry(fd: int, take: Callable[[bytes], object], finish: Callable[[], object]) -> None:
    """Hand on what comes, to its end."""
    data = b"."
    while data:
        try:
            data = os.read(fd, _CHUNK)
        except OSError:
            data = b""
        try:
            take(data) if data else finish()
        except OSError:  # the reader is gone; what it said earlier still goes the other way
            take = len


def _write_out(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
