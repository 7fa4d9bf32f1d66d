"""Who is there? The first three lines on a socket, in which both sides prove that they know the secret.

The server greets with a random nonce, the client answers with a nonce of its own and a proof, and the server
gives its verdict, with a proof of its own. A proof is an HMAC over both nonces and a label that differs for
the two directions: a proof that was heard before is worth nothing later (replay), and what a server says
cannot be used to answer it (reflection). The secret itself is never sent.

    server: xnet-server/1 hmac-sha256 NONCE         or   xnet-server/1 none
    client: xnet-client/1 hmac-sha256 NONCE PROOF   or   xnet-client/1 none
    server: xnet-server/1 ok PROOF                  or   xnet-server/1 ok
    server, at any time: xnet-server/1 no SENTENCE, and the end

Where a worker connects to an initiator that listens, they are called ``xnet-initiator`` and ``xnet-worker``
instead, in the proofs too: so two that would both wait for the other to begin do not come together.

No bytes are read or written here. Both machines take bytes and never look behind the end of a line, so the
caller has to give them no more than a line: what follows the last one belongs to somebody else. Threads:
one at a time.

Spec: SO-010 to SO-025, SO-053.
"""

from __future__ import annotations

import hashlib
import hmac
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Whole line, with its end. No line of ours is half as long; a stranger's is not worth the memory. SO-012
MAX_LINE_BYTES: Final = 512
#: 128 bits cannot be guessed; an eavesdropper could try shorter ones offline. SO-021
MIN_SECRET_BYTES: Final = 16
NONCE_BYTES: Final = 32

_MECHANISM: Final = b"hmac-sha256"
_HEX: Final = frozenset(b"0123456789abcdef")
#: How the first message of TLS begins.
_TLS_RECORD: Final = b"\x16\x03"
#: How much of what a stranger says is repeated in an error.
_QUOTED_BYTES: Final = 80


class Parties:
    """What the listening side and the connecting side call themselves. Spec: SO-053.

    Attributes:
        server: The side that listens.
        client: The side that connects.
    """

    __slots__ = ("client", "server")

    def __init__(self, server: str, client: str) -> None:
        self.server = server
        self.client = client

    def server_line(self, rest: bytes) -> bytes:
        """Return a line of the listening side, or without arguments its beginning."""
        return b"xnet-%s/1 %s" % (self.server.encode(), rest)

    def client_line(self, rest: bytes) -> bytes:
        """Return a line of the connecting side, or without arguments its beginning."""
        return b"xnet-%s/1 %s" % (self.client.encode(), rest)


#: The server gives a worker to the initiator that connects.
GIVING: Final = Parties("server", "client")
#: The worker connects to the initiator.
BRINGING: Final = Parties("initiator", "worker")


class AuthenticationError(Exception):
    """The two did not come together; the text is a sentence without the address.

    Attributes:
        last_line: What to tell the other side before the connection is closed; maybe nothing.
    """

    def __init__(self, sentence: str, last_line: bytes = b"") -> None:
        super().__init__(sentence)
        self.last_line = last_line


class ServerHandshake:
    """The side that listens.

    Attributes:
        answered: The client has said what it had to; now ``accept`` or ``refuse``.
    """

    def __init__(self, secret: bytes | None, nonce: bytes | None = None, parties: Parties = GIVING) -> None:
        """Begin.

        Args:
            secret: What the client must know; None asks for nothing.
            nonce: 32 random bytes, chosen here if None. Only tests give them.
            parties: Who meets.

        Raises:
            ValueError: The secret is too short (our caller's fault).
        """
        self._secret = _checked(secret)
        self._nonce = _new_nonce(nonce)
        self._parties = parties
        self._line = b""
        self._proof = b""
        self.answered = False

    def greeting(self) -> bytes:
        """Return the line that is said first."""
        if self._secret is None:
            return self._parties.server_line(b"none\n")
        return self._parties.server_line(_MECHANISM + b" " + self._nonce + b"\n")

    def receive_data(self, data: bytes) -> None:
        """Take what the client says, in pieces of any size that do not go beyond the end of its line.

        Raises:
            AuthenticationError: It is not an xnet client, or does not know the secret (the client's fault).
        """
        try:
            self._line = _joined(self._line, data, "the client")
        except AuthenticationError as error:
            error.last_line = self.refusal("that line is too long")
            raise
        if self._line.startswith(_TLS_RECORD):  # it waits for an answer of that kind and ends no line
            raise AuthenticationError("the client speaks TLS, but this server does not")
        if not self._line.endswith(b"\n"):
            return
        line = self._line[:-1]
        beginning = self._parties.client_line(b"")
        if not line.startswith(beginning):
            raise AuthenticationError(
                f"the client is not an xnet {self._parties.client}: it said {_quoted(line)}",
                self.refusal(
                    f"this is an xnet {self._parties.server}, and what it received is not from an xnet"
                    f" {self._parties.client}"
                ),
            )
        words = line[len(beginning) :].split(b" ")
        if self._secret is None:
            if words != [b"none"]:
                raise AuthenticationError(
                    "the client wants to prove that it knows a secret, but this server has none",
                    self.refusal("this server has no secret"),
                )
        else:
            self._check_proof(self._secret, words)
        self.answered = True

    def _check_proof(self, secret: bytes, words: list[bytes]) -> None:
        if words == [b"none"]:
            raise AuthenticationError(
                "the client gave no secret, but this server asks for one",
                self.refusal("a secret is needed"),
            )
        if len(words) != 3 or words[0] != _MECHANISM or not all(map(_is_hex, words[1:])):
            raise AuthenticationError(
                f"the client's answer has the wrong form: {_quoted(self._line[:-1])}",
                self.refusal("the answer has the wrong form"),
            )
        nonce = words[1]
        expected = proof(secret, self._parties.client.encode(), self._nonce, nonce)
        if not hmac.compare_digest(words[2], expected):
            raise AuthenticationError("the client's secret is wrong", self.refusal("the secret is wrong"))
        self._proof = b" " + proof(secret, self._parties.server.encode(), self._nonce, nonce)

    def accept(self) -> bytes:
        """Return the line that lets the client in; what follows it is the connection."""
        if not self.answered:
            raise RuntimeError("the client has not answered yet")
        return self._parties.server_line(b"ok" + self._proof + b"\n")

    def refusal(self, sentence: str) -> bytes:
        """Return the line that refuses the client, cut where a line must end."""
        text = "".join(c if c.isprintable() else " " for c in sentence).encode("utf-8", "replace")
        room = MAX_LINE_BYTES - len(self._parties.server_line(b"no \n"))
        # A character that is cut in half is cut out.
        return self._parties.server_line(b"no " + text[:room].decode("utf-8", "ignore").encode() + b"\n")


class ClientHandshake:
    """The side that connects.

    Attributes:
        accepted: The server has proved itself and accepted us.
    """

    def __init__(self, secret: bytes | None, nonce: bytes | None = None, parties: Parties = GIVING) -> None:
        """Begin.

        Args:
            secret: What the server must know; None for a server that asks for nothing.
            nonce: 32 random bytes, chosen here if None. Only tests give them.
            parties: Who meets.

        Raises:
            ValueError: The secret is too short (our caller's fault).
        """
        self._secret = _checked(secret)
        self._nonce = _new_nonce(nonce)
        self._parties = parties
        self._server_nonce: bytes | None = None
        self._greeted = False
        self._line = b""
        self.accepted = False

    @property
    def greeted(self) -> bool:
        """Whether the server has been found to be one of ours."""
        return self._greeted

    def receive_data(self, data: bytes) -> bytes:
        """Take what the server says, in pieces of any size that do not go beyond the end of its line.

        Returns:
            What to send to it; nothing if that is nothing.

        Raises:
            AuthenticationError: It is not an xnet server, does not know the secret, or refuses us.
        """
        self._line = _joined(self._line, data, "the server")
        if not self._line.endswith(b"\n"):
            return b""
        line, self._line = self._line[:-1], b""
        beginning = self._parties.server_line(b"")
        if not line.startswith(beginning):
            raise AuthenticationError(self._who_else(line))
        rest = line[len(beginning) :]
        if rest.startswith(b"no "):
            raise AuthenticationError(f"the server refuses: {_quoted(rest[3:])}")
        words = rest.split(b" ")
        if not self._greeted:
            self._greeted = True
            return self._answer(words)
        self._judge(words)
        return b""

    def _who_else(self, line: bytes) -> str:
        """Say what greets like that."""
        if self._parties is not BRINGING and line.startswith(b"xnet-initiator/"):
            return (
                "the program that listens there waits for a worker (listen=):"
                " bring it one with python -m xnet connect"
            )
        if self._parties is not GIVING and line.startswith(b"xnet-server/"):
            return (
                "the server that listens there provides interpreters (python -m xnet serve) and accepts none:"
                " reach it with the gateway specification socket=HOST:PORT"
            )
        if line.startswith(f"xnet-{self._parties.server}/".encode()):
            return f"it speaks another version of this handshake: {_quoted(line)}"
        return f"it is not an xnet {self._parties.server}: it said {_quoted(line)}"

    def _answer(self, words: list[bytes]) -> bytes:
        if words == [b"none"]:
            if self._secret is not None:
                # An attacker in front of the true server would say just that (downgrade).
                raise AuthenticationError(
                    "the server asks for no secret, but a secret was given: it may not be the server you"
                    " mean; if it is, give no secret"
                )
            return self._parties.client_line(b"none\n")
        if len(words) != 2 or words[0] != _MECHANISM or not _is_hex(words[1]):
            raise AuthenticationError(
                f"the server's greeting has the wrong form: {_quoted(b' '.join(words))}"
            )
        if self._secret is None:
            # It is told, so that its side has a sentence too.
            raise AuthenticationError(
                "the server asks for a secret, but none was given (XNET_SECRET_FILE, XNET_SECRET or a file)",
                self._parties.client_line(b"none\n"),
            )
        self._server_nonce = words[1]
        mine = proof(self._secret, self._parties.client.encode(), words[1], self._nonce)
        return self._parties.client_line(_MECHANISM + b" " + self._nonce + b" " + mine + b"\n")

    def _judge(self, words: list[bytes]) -> None:
        if self._secret is None or self._server_nonce is None:
            if words != [b"ok"]:
                raise AuthenticationError(
                    f"the server's verdict has the wrong form: {_quoted(b' '.join(words))}"
                )
        else:
            theirs = words[1] if len(words) == 2 and words[0] == b"ok" else b""
            side = self._parties.server.encode()
            expected = proof(self._secret, side, self._server_nonce, self._nonce)
            if not hmac.compare_digest(theirs, expected):
                raise AuthenticationError("the server accepted us but does not know the secret itself")
        self.accepted = True


def proof(secret: bytes, side: bytes, server_nonce: bytes, client_nonce: bytes) -> bytes:
    """Return the proof of one side, in hexadecimal digits.

    Args:
        secret: What both know.
        side: The side that gives the proof, as ``Parties`` has it.
        server_nonce: In hexadecimal digits, as it was sent.
        client_nonce: Likewise.
    """
    message = b" ".join((b"xnet-socket/1", side, server_nonce, client_nonce))
    return hmac.new(secret, message, hashlib.sha256).hexdigest().encode("ascii")


def _checked(secret: bytes | None) -> bytes | None:
    if secret is not None and len(secret) < MIN_SECRET_BYTES:
        raise ValueError(
            f"the secret has {len(secret)} bytes, expected at least {MIN_SECRET_BYTES}:"
            " a short one can be guessed"
        )
    return secret


def _new_nonce(nonce: bytes | None) -> bytes:
    nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"the nonce has {len(nonce)} bytes, expected {NONCE_BYTES}")
    return nonce.hex().encode("ascii")


def _is_hex(word: bytes) -> bool:
    """Say whether a word is 32 bytes in hexadecimal digits, as nonces and proofs are."""
    return len(word) == 2 * NONCE_BYTES and _HEX.issuperset(word)


def _joined(line: bytes, data: bytes, who: str) -> bytes:
    """Return the line so far; it is over with its first line feed, and bounded."""
    line += data
    if len(line) > MAX_LINE_BYTES or (len(line) == MAX_LINE_BYTES and not line.endswith(b"\n")):
        raise AuthenticationError(
            f"{who} said more than {MAX_LINE_BYTES} bytes without an end of line: {_quoted(line)}"
        )
    if b"\n" in line[:-1]:
        raise ValueError("bytes after the end of a line were given to the handshake")
    return line


def _quoted(data: bytes) -> str:
    """Return what a stranger said so that it can be printed anywhere: no control characters, not too long."""
    text = data[:_QUOTED_BYTES].decode("utf-8", "replace").rstrip("\r\n")
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return f"{shown!r}" + ("..." if len(data) > _QUOTED_BYTES else "")
