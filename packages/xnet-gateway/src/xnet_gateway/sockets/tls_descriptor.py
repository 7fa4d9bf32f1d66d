"""A descriptor for what is inside of TLS: a thread between it and the socket."""

from __future__ import annotations

import os
import socket
import threading
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.sockets.tls_stream import TlsStream

_pumps: weakref.WeakSet[_Pump] = weakref.WeakSet()


class _Pump:
    """Passes bytes on between a TLS connection and our end of a socketpair."""

    def __init__(self, stream: TlsStream, sock: socket.socket, plain: socket.socket) -> None:
        self._stream = stream
        self.sockets = (sock, plain)

    def run(self) -> None:
        try:
            self._stream.pump(self.sockets[1])
        finally:
            self.close()

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


def pumped(stream: TlsStream, sock: socket.socket, address: str) -> int:
    """Return a descriptor for what is inside of TLS; a thread works for it until either side ends.

    Args:
        stream: After its handshake.
        sock: Below it, taken over.
        address: Where it leads, for messages.

    Raises:
        RuntimeError: There can be no more threads.
    """
    ours, theirs = socket.socketpair()
    pump = _Pump(stream, sock, theirs)
    _pumps.add(pump)
    try:
        threading.Thread(target=pump.run, name=f"xnet-tls-{address}", daemon=True).start()
    except RuntimeError:
        ours.close()
        theirs.close()
        raise
    return ours.detach()


def _close_in_child() -> None:
    """Let go of the parent's connections in a forked child: else its end would be nobody's end."""
    for pump in list(_pumps):
        pump.close()
    _pumps.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
