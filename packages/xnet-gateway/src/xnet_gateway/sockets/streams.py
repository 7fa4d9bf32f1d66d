"""Sockets with deadlines: what is said before a connection is handed over must be said in time.

A timeout for each read would let a peer take for ever, a byte at a time (slow loris); so whatever is waited
for here has a point in time instead, which all the reads and writes of one task share.
"""

from __future__ import annotations

import socket

from xnet_channel.platform.native import CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import Final, Protocol

    class Stream(Protocol):
        """Bytes both ways, each call with a deadline in monotonic seconds."""

        def receive(self, size: int, deadline_s: float) -> bytes:
            """Return up to this many bytes, or none at the end."""

        def send(self, data: bytes, deadline_s: float) -> None:
            """Send all of it."""


#: A peer whose machine has gone is found out after about IDLE + COUNT * INTERVAL seconds.
KEEPALIVE_IDLE_S: Final = 60
KEEPALIVE_INTERVAL_S: Final = 15
KEEPALIVE_COUNT: Final = 4


class PlainStream:
    """A socket as it is. Does not close it. Threads: one at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def receive(self, size: int, deadline_s: float) -> bytes:
        """See ``Stream``.

        Raises:
            OSError: The connection is broken, or (TimeoutError) nothing came in time.
        """
        self._socket.settimeout(left_s(deadline_s))
        return self._socket.recv(size)

    def send(self, data: bytes, deadline_s: float) -> None:
        """See ``Stream``.

        Raises:
            OSError: The connection is broken, or (TimeoutError) it was not taken in time.
        """
        self._socket.settimeout(left_s(deadline_s))
        self._socket.sendall(data)


def left_s(deadline_s: float) -> float:
    """Return how many seconds there are until then.

    Raises:
        TimeoutError: None.
    """
    seconds = deadline_s - CLOCK.monotonic()
    if seconds <= 0:
        raise TimeoutError("it took too long")
    return seconds


def tune(sock: socket.socket) -> None:
    """Set what a connection over a network needs: small messages at once, a vanished peer noticed."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", KEEPALIVE_COUNT),
    ):
        if hasattr(socket, name):  # else the system's own values
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def end_writing(sock: socket.socket | _socket.socket) -> None:
    """Tell the other side that nothing more comes, even if another process holds this socket."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it has gone already


def drain(sock: socket.socket, deadline_s: float) -> None:
    """Read and forget until the other side has ended too, or the deadline.

    A socket that is closed with bytes unread resets the connection, and what the other side has not read yet
    may be lost with it.
    """
    try:
        while True:
            sock.settimeout(left_s(deadline_s))
            if not sock.recv(65_536):
                return
    except OSError:
        pass  # it is over one way or the other
