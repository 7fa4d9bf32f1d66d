"""A descriptor for what is inside TLS: a thread between it and the socket."""

from __future__ import annotations

import _socket
import os
import weakref

from xnet_channel.platform.native import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.sockets.tls_stream import TlsStream

_pumps: weakref.WeakSet[_Pump] = weakref.WeakSet()


class _Pump:
    """Passes bytes on between a TLS connection and our end of a socketpair."""

    def __init__(self, stream: TlsStream, plain: _socket.socket) -> None:
        self._stream = stream
        self._plain = plain

    def run(self) -> None:
        try:
            self._stream.pump(self._plain)
        finally:
            self.close()

    def close(self) -> None:
        self._stream.close()
        self._plain.close()


def pumped(stream: TlsStream, address: str) -> int:
    """Return a descriptor for what is inside TLS; a thread works for it until either side ends.

    Args:
        stream: After its handshake; taken over.
        address: Where it leads, for messages.

    Raises:
        RuntimeError: There can be no more threads.
    """
    # A socket of a library of greenlets would not work in a separate thread.
    stream.make_native()
    ours, theirs = _socket.socketpair()
    pump = _Pump(stream, theirs)
    _pumps.add(pump)
    try:
        start_thread(pump.run, (), f"xnet-tls-{address}")
    except RuntimeError:
        ours.close()
        theirs.close()
        raise
    return ours.detach()


def _close_in_child() -> None:
    """Release the parent's connections in a forked child: else they would outlive the parent's end."""
    for pump in list(_pumps):
        pump.close()
    _pumps.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
