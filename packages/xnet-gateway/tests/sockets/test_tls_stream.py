"""TLS over a socket by one thread: deadlines, half-closes, bounds."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from gateway_helpers import PATIENCE_S
from socket_helpers import Certificates, soon
from xnet_gateway.sockets.tls import TlsOptions, client_context, server_context
from xnet_gateway.sockets.tls_stream import MAX_WAITING_BYTES, TlsStream


class Tunnel:
    """Two plain ends; between them two pumps with TLS between them."""

    def __init__(self, certificates: Certificates, linger_s: float | None = None) -> None:
        one, two = socket.socketpair()
        self.net = one, two
        context = server_context(certificates.server_cert, certificates.server_key)
        self.server = TlsStream(one, context, server_side=True)
        self.client = TlsStream(
            two, client_context(TlsOptions(certificates.ca)), server_side=False, server_name="localhost"
        )
        shaking = threading.Thread(target=self.server.handshake, args=(soon(),))
        shaking.start()
        self.client.handshake(soon())
        shaking.join(PATIENCE_S)
        self.near, near = socket.socketpair()
        self.far, far = socket.socketpair()
        self._inner = near, far
        self.pumps = [
            threading.Thread(target=self._run, args=(self.client, near, None)),
            threading.Thread(target=self._run, args=(self.server, far, linger_s)),
        ]
        for end in (self.near, self.far):
            end.settimeout(PATIENCE_S)

    @staticmethod
    def _run(stream: TlsStream, plain: socket.socket, linger_s: float | None) -> None:
        stream.pump(plain, linger_s)
        plain.close()
        stream.close()

    def start(self) -> None:
        for pump in self.pumps:
            pump.start()

    def wait(self) -> None:
        for pump in self.pumps:
            pump.join(PATIENCE_S)
            assert not pump.is_alive()

    def close(self) -> None:
        for end in (self.near, self.far, *self.net, *self._inner):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if self.pumps[0].ident is not None:
            self.wait()
        for end in (self.near, self.far, *self.net, *self._inner):
            end.close()


@pytest.fixture
def tunnel(certificates: Certificates) -> Iterator[Tunnel]:
    tunnel = Tunnel(certificates)
    yield tunnel
    tunnel.close()


def send_all(sock: socket.socket, data: bytes) -> None:
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def receive_all(sock: socket.socket) -> bytes:
    data = bytearray()
    while chunk := sock.recv(65536):
        data += chunk
    return bytes(data)


class TestStream:
    def test_a_line_and_what_follows_it(self, tunnel: Tunnel) -> None:
        tunnel.server.send(b"line\nand more", soon())
        assert b"".join(tunnel.client.receive(1, soon()) for _ in range(5)) == b"line\n"
        tunnel.start()
        assert tunnel.near.recv(100) == b"and more"

    def test_deadlines_are_kept(self, tunnel: Tunnel) -> None:
        with pytest.raises(TimeoutError):
            tunnel.client.receive(1, time.monotonic() + 0.05)

    def test_so_023_a_handshake_byte_by_byte_takes_no_longer(self, certificates: Certificates) -> None:
        """Spec: SO-023."""
        one, two = socket.socketpair()
        with one, two:
            context = server_context(certificates.server_cert, certificates.server_key)
            stream = TlsStream(one, context, server_side=True)
            errors: list[BaseException] = []

            def shake() -> None:
                try:
                    stream.handshake(time.monotonic() + 0.2)
                except OSError as error:
                    errors.append(error)

            thread = threading.Thread(target=shake)
            thread.start()
            header = b"\x16\x03\x01\x40\x00" + b"\1\0\x3f\xfc"
            while thread.is_alive():
                two.sendall(header[:1] or b"\0")
                header = header[1:]
                thread.join(0.02)
            assert isinstance(errors[0], TimeoutError)

    def test_the_end(self, tunnel: Tunnel) -> None:
        tunnel.net[0].shutdown(socket.SHUT_WR)
        assert tunnel.client.receive(1, soon()) == b""


class TestPump:
    @pytest.mark.parametrize("size", [1, 16_384, 16_385, 3_000_000])
    def test_both_ways(self, tunnel: Tunnel, size: int) -> None:
        tunnel.start()
        data = os.urandom(size)
        for one, other in ((tunnel.near, tunnel.far), (tunnel.far, tunnel.near)):
            sender = threading.Thread(target=one.sendall, args=(data,))
            sender.start()
            got = bytearray()
            while len(got) < size:
                got += other.recv(65536)
            assert bytes(got) == data
            sender.join()

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_half_close_is_passed_on_and_the_other_half_goes_on(self, tunnel: Tunnel, order: int) -> None:
        """A lot comes from the other side after ours has ended."""
        tunnel.start()
        one, other = (tunnel.near, tunnel.far)[::order]
        data = os.urandom(3_000_000)
        one.sendall(b"the last")
        one.shutdown(socket.SHUT_WR)
        assert receive_all(other) == b"the last"
        sender = threading.Thread(target=send_all, args=(other, data))
        sender.start()
        assert receive_all(one) == data
        sender.join()
        tunnel.wait()

    def test_a_half_close_while_the_other_half_is_busy(self, tunnel: Tunnel) -> None:
        tunnel.start()
        data = os.urandom(3_000_000)
        sender = threading.Thread(target=send_all, args=(tunnel.far, data))
        sender.start()
        got = tunnel.near.recv(65536)
        tunnel.near.shutdown(socket.SHUT_WR)
        assert got + receive_all(tunnel.near) == data
        assert receive_all(tunnel.far) == b""
        sender.join()
        tunnel.wait()

    def test_who_does_not_read_is_not_read_for(self, tunnel: Tunnel) -> None:
        """Bounded memory: the sender is slowed down instead."""
        tunnel.start()
        tunnel.near.setblocking(False)
        sent = 0
        quiet = 0
        while quiet < 10:
            try:
                sent += tunnel.near.send(b"x" * 65536)
                quiet = 0
            except BlockingIOError:  # noqa: PERF203 - that is what is looked for
                quiet += 1
                threading.Event().wait(0.02)
        # Two pumps, and what the kernel keeps in three socketpairs.
        assert sent < 4 * MAX_WAITING_BYTES + 6 * 500_000
        tunnel.near.setblocking(True)
        tunnel.near.shutdown(socket.SHUT_WR)
        assert len(receive_all(tunnel.far)) == sent

    def test_an_end_without_a_word(self, tunnel: Tunnel) -> None:
        tunnel.start()
        tunnel.near.sendall(b"x")
        assert tunnel.far.recv(1) == b"x"
        tunnel.net[1].shutdown(socket.SHUT_RDWR)
        assert receive_all(tunnel.far) == b""
        assert receive_all(tunnel.near) == b""

    def test_bytes_that_are_no_tls(self, tunnel: Tunnel) -> None:
        tunnel.pumps[1].start()
        tunnel.net[1].sendall(b"this is not a record at all")
        tunnel.pumps[1].join(PATIENCE_S)
        assert not tunnel.pumps[1].is_alive()
        assert receive_all(tunnel.far) == b""
        tunnel.pumps[0].start()

    def test_a_plain_end_that_is_closed(self, tunnel: Tunnel) -> None:
        tunnel.start()
        tunnel.near.close()
        assert receive_all(tunnel.far) == b""
        tunnel.far.close()
        tunnel.wait()

    def test_who_does_not_end_is_given_up(self, certificates: Certificates) -> None:
        tunnel = Tunnel(certificates, linger_s=0.05)
        tunnel.start()
        tunnel.far.sendall(b"the last words")
        tunnel.far.close()
        tunnel.pumps[1].join(PATIENCE_S)
        assert not tunnel.pumps[1].is_alive()
        assert receive_all(tunnel.near) == b"the last words"
        tunnel.close()
