"""A TLS connection over a socket, driven by one thread: handshake, a few lines, then a pump.

Not ``ssl.SSLSocket``: reading and writing one at the same time from two threads is not safe on every Python
we run on, and a half-close cannot be passed on with it. Here OpenSSL works in memory and never sees the
socket, so it is known when it has bytes and when not.
"""

from __future__ import annotations

import _socket
import select
import ssl

from xnet_channel.platform.native import CLOCK, poll
from xnet_gateway.sockets.streams import end_writing, left_s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

CHUNK_BYTES: Final = 65_536
#: What waits for a slow reader, in each direction; a TLS record more than that at most.
MAX_WAITING_BYTES: Final = 262_144


class TlsStream:
    """One end of it. Takes the socket over. Threads: one at a time."""

    def __init__(
        self,
        sock: _socket.socket,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        server_name: str | None = None,
    ) -> None:
        self._socket = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side, server_name)

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def make_native(self) -> None:
        """Go on with a socket of the operating system's, whatever kind it was."""
        self._socket = _socket.socket(fileno=self._socket.detach())

    def handshake(self, deadline_s: float) -> None:
        """Agree on keys and check certificates.

        Raises:
            OSError: It failed, among them ``ssl.SSLError`` and TimeoutError.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush(deadline_s)
                self._feed(deadline_s)
            except ssl.SSLError:
                # The other side learns why; that we failed is what matters here.
                try:
                    self._flush(deadline_s)
                except OSError:
                    pass
                raise
        self._flush(deadline_s)

    def receive(self, size: int, deadline_s: float) -> bytes:
        """Return up to this many bytes, or none at the end.

        Raises:
            OSError: As for ``handshake``.
        """
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:  # noqa: PERF203 - as often as the network has to be waited for
                self._flush(deadline_s)
                self._feed(deadline_s)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def send(self, data: bytes, deadline_s: float) -> None:
        """Send all of it.

        Raises:
            OSError: As for ``handshake``.
        """
        self._tls.write(data)
        self._flush(deadline_s)

    def pump(self, plain: _socket.socket, linger_s: float | None = None) -> None:
        """Copy between this and a plain socket until both directions have ended, each half-close passed on.

        Args:
            plain: The other end of it speaks in the clear; not closed here.
            linger_s: How long to go on when all that came from the plain side has been passed on, its end
                too; None for as long as the other side likes.
        """
        _Pump(self._socket, self._tls, self._incoming, self._outgoing, plain, linger_s).run()

    def _feed(self, deadline_s: float) -> None:
        self._socket.settimeout(left_s(deadline_s))
        data = self._socket.recv(CHUNK_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self, deadline_s: float) -> None:
        data = self._outgoing.read()
        if data:
            self._socket.settimeout(left_s(deadline_s))
            self._socket.sendall(data)


class _Pump:
    """The loop behind ``TlsStream.pump``, and what it knows."""

    def __init__(
        self,
        net: _socket.socket,
        tls: ssl.SSLObject,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        plain: _socket.socket,
        linger_s: float | None,
    ) -> None:
        self._net, self._plain = net, plain
        self._tls, self._incoming, self._outgoing = tls, incoming, outgoing
        self._linger_s = linger_s
        self._to_net = bytearray()
        self._to_plain = bytearray()
        # What comes from there has ended; and that has been passed on.
        self._net_ended = self._plain_ended = False
        self._plain_told = self._net_told = False
        self._give_up_s: float | None = None

    def run(self) -> None:
        self._net.setblocking(False)
        self._plain.setblocking(False)
        try:
            self._decrypt()  # what came in one piece with the last line of the handshake
            while self._pass_ends_on() and self._wait():
                pass
        except OSError:
            pass  # the network has ended the connection, and both ends hear of it when they are closed

    def _wait(self) -> bool:
        """Wait for whatever can be done, and do it; return False if it was waited long enough."""
        poller = poll()
        # A descriptor that nothing is wanted from is left out: its hang-up would be reported forever.
        for end, wants in ((self._net, self._net_interest()), (self._plain, self._plain_interest())):
            if wants:
                poller.register(end, wants)
        timeout_ms = None
        if self._give_up_s is not None:
            timeout_ms = max(0.0, self._give_up_s - CLOCK.monotonic()) * 1000
        ready = dict(poller.poll(timeout_ms))
        if not ready:
            return False
        trouble = select.POLLHUP | select.POLLERR | select.POLLNVAL
        net, plain = ready.get(self._net.fileno(), 0), ready.get(self._plain.fileno(), 0)
        if self._to_net and net & (select.POLLOUT | trouble):
            del self._to_net[: self._net.send(self._to_net)]
        if self._to_plain and plain & (select.POLLOUT | trouble):
            self._write_plain()
        if self._net_interest() & select.POLLIN and net & (select.POLLIN | trouble):
            self._read_net()
        if self._plain_interest() & select.POLLIN and plain & (select.POLLIN | trouble):
            self._read_plain()
        return True

    def _net_interest(self) -> int:
        reads = not self._net_ended and len(self._to_plain) < MAX_WAITING_BYTES
        return (select.POLLIN if reads else 0) | (select.POLLOUT if self._to_net else 0)

    def _plain_interest(self) -> int:
        reads = not self._plain_ended and len(self._to_net) < MAX_WAITING_BYTES
        return (select.POLLIN if reads else 0) | (select.POLLOUT if self._to_plain else 0)

    def _read_net(self) -> None:
        try:
            data = self._net.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        self._decrypt()

    def _decrypt(self) -> None:
        """Take all there is, so that OpenSSL never holds whole records back."""
        try:
            while not self._net_ended:
                data = self._tls.read(CHUNK_BYTES)
                self._to_plain += data
                self._net_ended = not data
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # The second one is an end without a word. The protocol above knows where it may end.
            self._net_ended = True
        self._to_net += self._outgoing.read()

    def _read_plain(self) -> None:
        try:
            data = self._plain.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:  # reset: it was closed before it had read everything
            data = b""
        if data:
            self._tls.write(data)
        else:
            self._plain_ended = True
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # our half has been ended; theirs has not, as a rule
        self._to_net += self._outgoing.read()

    def _write_plain(self) -> None:
        try:
            del self._to_plain[: self._plain.send(self._to_plain)]
        except BlockingIOError:
            pass
        except OSError:  # the other end no longer reads, but may have written before
            self._to_plain.clear()
            self._net_ended = self._plain_told = True

    def _pass_ends_on(self) -> bool:
        """Tell each side that the other has ended; return whether anything is left to do."""
        if self._net_ended and not self._to_plain and not self._plain_told:
            self._plain_told = True
            end_writing(self._plain)
        if self._plain_ended and not self._to_net and not self._net_told:
            self._net_told = True
            if self._linger_s is not None:
                self._give_up_s = CLOCK.monotonic() + self._linger_s
            end_writing(self._net)
        return not (self._plain_told and self._net_told)
