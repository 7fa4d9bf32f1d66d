"""Those who are attacked: a server that gives workers, and an initiator that waits for one."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

from gateway_helpers import PATIENCE_S, eventually
from socket_helpers import SECRET, Certificates, Reached, Serving, connect
from xnet_gateway.sockets.authentication import BRINGING, GIVING, Parties
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.reception import Reception
from xnet_gateway.sockets.server import Server
from xnet_gateway.sockets.tls import TlsOptions, server_context
from xnet_gateway.transports.base import Listen


class Victim:
    """Somebody who listens, and whoever has the right to come in."""

    parties: Parties
    address: str

    def __init__(self, tls: TlsOptions | None) -> None:
        self.tls = tls

    def dial(self, secret: bytes = SECRET) -> int:
        return dial(self.address, secret=secret, tls=self.tls, timeout_s=PATIENCE_S, parties=self.parties)

    def let_in(self) -> None:
        """Check that the right one still gets in."""
        raise NotImplementedError

    def said(self) -> str:
        """Return what it says about others."""
        raise NotImplementedError

    def server(self) -> Server:
        raise NotImplementedError

    def refuses(self, words: str) -> bool:
        return eventually(lambda: words in self.said())


class ServerVictim(Victim):
    parties = GIVING

    def __init__(self, tls: TlsOptions | None, context: ssl.SSLContext | None) -> None:
        super().__init__(tls)
        self.serving = Serving(context=context)
        self.address = self.serving.address

    def let_in(self) -> None:
        with Reached(self.dial()) as reached:
            assert reached.ask("6 * 7") == 42
            reached.leave()

    def said(self) -> str:
        return "\n".join(self.serving.reports)

    def server(self) -> Server:
        return self.serving.server


class ListenerVictim(Victim):
    parties = BRINGING

    def __init__(self, tls: TlsOptions | None, files: dict[str, str] | None, secret_file: str) -> None:
        super().__init__(tls)
        self._route = Listen("127.0.0.1:0", secret_file=secret_file, tls=files, timeout_s=PATIENCE_S)
        self.reception = Reception(self._route)
        self.address = self.reception.address

    def let_in(self) -> None:
        theirs = self.dial()
        ours, _ = self.reception.wait()
        with socket.socket(fileno=ours) as one, socket.socket(fileno=theirs) as other:
            one.sendall(b"work")
            other.settimeout(PATIENCE_S)
            assert other.recv(4, socket.MSG_WAITALL) == b"work"

    def said(self) -> str:
        return self.reception._reasons.words(0)

    def server(self) -> Server:
        return self.reception


class Victims:
    """Makes victims and ends every one of them."""

    def __init__(self, secret_file: str) -> None:
        self._secret_file = secret_file
        self._stack = contextlib.ExitStack()

    def __call__(self, kind: str, have: Certificates | None = None) -> Victim:
        """Make one.

        Args:
            kind: ``server`` or ``listener``.
            have: With TLS.
        """
        tls: TlsOptions | None = None
        files: dict[str, str] | None = None
        context: ssl.SSLContext | None = None
        if have is not None:
            tls = TlsOptions(have.ca)
            files = {"cert": have.server_cert, "key": have.server_key}
            context = server_context(have.server_cert, have.server_key)
        if kind == "server":
            server = ServerVictim(tls, context)
            self._stack.callback(server.serving.stop)
            return server
        listener = ListenerVictim(tls, files, self._secret_file)
        self._stack.callback(listener.reception.end)
        return listener

    def end(self) -> None:
        self._stack.close()


class Tap:
    """Somebody in between, for one connection, who passes everything on and writes it down."""

    def __init__(self, address: str) -> None:
        self.from_client = bytearray()
        self.from_server = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._pass_on, args=(address,))
        self._thread.start()

    def _pass_on(self, address: str) -> None:
        with self._listener, self._listener.accept()[0] as client, connect(address) as server:
            back = threading.Thread(target=_copy, args=(server, client, self.from_server))
            back.start()
            _copy(client, server, self.from_client)
            back.join(PATIENCE_S)

    def wait(self) -> None:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def _copy(source: socket.socket, target: socket.socket, record: bytearray) -> None:
    source.settimeout(PATIENCE_S)
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            record += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
