"""Servers and their clients for tests: real sockets, real processes, real certificates."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, eventually
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.session import Session
from xnet_gateway.bare import bootstrap
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.listening import Listener, listen
from xnet_gateway.sockets.server import Limits, Server
from xnet_gateway.sockets.tls import TlsOptions
from xnet_wire import frames, messages

SECRET = b"the secret of all these tests"
OTHER_SECRET = b"another secret, just as long."


class Reached:
    """A bare worker behind a descriptor, driven by a session of the real kind."""

    def __init__(self, fd: int) -> None:
        self.session = Session(fd, role="initiator", name="reached", first_bytes=bootstrap.first_bytes())
        self.session.wait_hello(PATIENCE_S)

    def __enter__(self) -> Reached:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *error: object) -> None:
        self.session.close(flush_s=0.0)

    def run(self, source: str) -> Channel:
        return self.session.request(frames.CHANNEL_EXEC, messages.encode_exec(messages.ExecRequest(source)))

    def ask(self, expression: str) -> object:
        return self.run(f"import os, sys; channel.send({expression})").receive(PATIENCE_S)

    def leave(self) -> None:
        """End the worker and wait until the connection has ended."""
        self.session.terminate_peer()
        assert self.session.wait_finished(PATIENCE_S)


class Serving:
    """A server that runs on a thread of this process."""

    def __init__(
        self,
        *,
        secret: bytes | None = SECRET,
        context: ssl.SSLContext | None = None,
        once: bool = False,
        limits: Limits | None = None,
        address: str = "127.0.0.1:0",
        listener: Listener | None = None,
    ) -> None:
        self.reports: list[str] = []
        self.listener = listener or listen(address, secret_given=secret is not None)
        self.address = self.listener.address
        self.server = Server(
            self.listener,
            secret=secret,
            context=context,
            once=once,
            limits=limits,
            report=self.reports.append,
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def __enter__(self) -> Serving:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.server.stop()
        self.wait()

    def wait(self) -> None:
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive(), self.reports

    def dial(self, secret: bytes | None = SECRET, tls: TlsOptions | None = None) -> int:
        return dial(self.address, secret=secret, tls=tls, timeout_s=PATIENCE_S)

    def reach(self, secret: bytes | None = SECRET, tls: TlsOptions | None = None) -> Reached:
        return Reached(self.dial(secret, tls))

    def connect(self) -> socket.socket:
        """Connect and say nothing."""
        return connect(self.address)

    def said(self, words: str) -> bool:
        """Wait for a report."""
        return eventually(lambda: any(words in report for report in self.reports))


def connect(address: str) -> socket.socket:
    if "/" in address:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(PATIENCE_S)
        sock.connect(address)
        return sock
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S)


def read_line(sock: socket.socket) -> bytes:
    """Return what comes up to the end of a line, or of everything."""
    line = b""
    while not line.endswith(b"\n"):
        data = sock.recv(1)
        if not data:
            break
        line += data
    return line


def read_all(sock: socket.socket) -> bytes:
    """Return everything up to the end, however it comes about."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(65536):
            data += chunk
    return data


@contextlib.contextmanager
def stranger(*says: bytes, then_close: bool = False) -> Iterator[str]:
    """Be a server of another kind for one client; yields the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        done = threading.Event()

        def serve() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as sock:
                for line in says:
                    sock.sendall(line)
                if not then_close:
                    done.wait(PATIENCE_S)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            with contextlib.suppress(OSError):  # in case nobody came
                socket.create_connection(listener.getsockname(), 1).close()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


class Certificates:
    """A certificate authority, another one, and what they have signed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca = self._authority("ca")
        self.other_ca = self._authority("other")
        self.server_cert, self.server_key = self._signed("server", "ca", "DNS:localhost,IP:127.0.0.1,IP:::1")
        self.client_cert, self.client_key = self._signed("client", "ca", "DNS:client")
        self.foreign_cert, self.foreign_key = self._signed("foreign", "other", "DNS:client")

    def _authority(self, name: str) -> str:
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip
        return str(self._folder / f"{name}.pem")

    def _signed(self, name: str, authority: str, names: str) -> tuple[str, str]:
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        (self._folder / "extensions").write_text(
            f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\nbasicConstraints=CA:FALSE\n"
        )
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", f"{name}.pem",
        )  # fmt: skip
        return str(self._folder / f"{name}.pem"), str(self._folder / f"{name}.key")

    def _openssl(self, *arguments: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            pytest.skip("needs the program openssl to make certificates, which is not on this machine")
        done = subprocess.run(
            [program, *arguments], cwd=self._folder, capture_output=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stderr.decode()


def soon() -> float:
    """Return a deadline that no working test reaches."""
    return time.monotonic() + PATIENCE_S
