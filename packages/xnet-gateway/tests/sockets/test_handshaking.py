"""The handshake over real sockets, with deadlines."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from gateway_helpers import PATIENCE_S
from socket_helpers import OTHER_SECRET, SECRET, read_line, soon
from xnet_gateway.sockets.authentication import AuthenticationError
from xnet_gateway.sockets.handshaking import meet_client, meet_server
from xnet_gateway.sockets.streams import PlainStream


class Both:
    """A server and a client that meet; what each of them thinks of it."""

    def __init__(self, server_secret: bytes | None, client_secret: bytes | None, behind: bytes = b"") -> None:
        self.server_end, self.client_end = socket.socketpair()
        self.server_error = self.client_error = ""

        def serve() -> None:
            stream = PlainStream(self.server_end)
            try:
                stream.send(meet_client(stream, server_secret, soon()).accept() + behind, soon())
            except AuthenticationError as error:
                self.server_error = str(error)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            meet_server(PlainStream(self.client_end), client_secret, soon())
        except AuthenticationError as error:
            self.client_error = str(error)
            self.client_end.close()
        thread.join(PATIENCE_S)
        self.server_end.close()

    def errors(self) -> tuple[str, str]:
        self.client_end.close()
        return self.server_error, self.client_error


@pytest.mark.parametrize("secret", [SECRET, None])
def test_so_017_what_follows_the_verdict_belongs_to_the_connection(secret: bytes | None) -> None:
    """Spec: SO-017. Noise of a worker may come in one packet with the verdict."""
    both = Both(secret, secret, b"noise\n\x89XNET")
    assert both.client_end.recv(100) == b"noise\n\x89XNET"
    assert both.errors() == ("", "")


def test_both_sides_have_a_sentence() -> None:
    """Spec: SO-018."""
    assert Both(SECRET, OTHER_SECRET).errors() == (
        "the client's secret is wrong",
        "the server refuses: 'the secret is wrong'",
    )
    server, client = Both(SECRET, None).errors()
    assert server == "the client gave no secret, but this server asks for one"
    assert client.startswith("the server asks for a secret, but none was given")
    server, client = Both(None, SECRET).errors()
    assert server == "the client closed the connection without an answer"
    assert client.startswith("the server asks for no secret, but a secret was given")


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (b"", "closed the connection before it said anything"),
        (b"xnet-ser", "closed the connection in the middle of its first line"),
        (b"xnet-server/1 none\n", "closed the connection instead of answering"),
    ],
)
def test_a_server_that_closes(says: bytes, sentence: str) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(says)
    theirs.shutdown(socket.SHUT_WR)
    with ours, theirs, pytest.raises(AuthenticationError, match=sentence):
        meet_server(PlainStream(ours), None, soon())


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (b"", "the other side said nothing in time.*server script of execnet.*expects TLS"),
        (b"xnet-ser", "did not finish its first line in time"),
        (b"xnet-server/1 none\n", "greeted us but gave no verdict in time"),
    ],
)
def test_a_server_that_falls_silent(says: bytes, sentence: str) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(says)
    with ours, theirs, pytest.raises(AuthenticationError, match=sentence):
        meet_server(PlainStream(ours), None, time.monotonic() + 0.05)


@pytest.mark.parametrize(
    ("says", "sentence"), [(b"", "without an answer"), (b"xnet", "after 4 bytes of its answer")]
)
def test_a_client_that_closes(says: bytes, sentence: str) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(says)
    theirs.shutdown(socket.SHUT_WR)
    with ours, theirs, pytest.raises(AuthenticationError, match=sentence):
        meet_client(PlainStream(ours), SECRET, soon())


def test_so_023_a_client_that_falls_silent() -> None:
    """Spec: SO-023."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"xnet")
    with ours, theirs, pytest.raises(AuthenticationError, match=r"time was up \(it sent 4 bytes\)"):
        meet_client(PlainStream(ours), SECRET, time.monotonic() + 0.05)


def test_so_015_a_client_hears_why_it_was_refused() -> None:
    """Spec: SO-015."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(PATIENCE_S)
    theirs.sendall(b"who are you?\n")
    with ours, theirs:
        with pytest.raises(AuthenticationError, match="it said 'who are you\\?'"):
            meet_client(PlainStream(ours), SECRET, soon())
        assert read_line(theirs).startswith(b"xnet-server/1 hmac-sha256 ")
        assert read_line(theirs).startswith(b"xnet-server/1 no this is an xnet server")
