"""Who is there? The two machines against each other, against replays, reflections and strangers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socket_helpers import OTHER_SECRET, SECRET
from xnet_gateway.sockets.authentication import (
    BRINGING,
    GIVING,
    MAX_LINE_BYTES,
    AuthenticationError,
    ClientHandshake,
    Parties,
    ServerHandshake,
    proof,
)

PROSE = Path(__file__).parents[4] / "protocol-spec" / "15-sockets.md"


def meet(server: ServerHandshake, client: ClientHandshake) -> list[bytes]:
    """Let them talk; return what was said."""
    said = [server.greeting()]
    said.append(client.receive_data(said[0]))
    server.receive_data(said[1])
    said.append(server.accept())
    assert client.receive_data(said[2]) == b""
    assert server.answered
    assert client.accepted
    return said


class TestTogether:
    @pytest.mark.parametrize("secret", [SECRET, None, b"\0" * 16, bytes(range(256))])
    def test_so_010_they_come_together(self, secret: bytes | None) -> None:
        """Spec: SO-010."""
        meet(ServerHandshake(secret), ClientHandshake(secret))

    def test_byte_by_byte(self) -> None:
        server, client = ServerHandshake(SECRET), ClientHandshake(SECRET)
        answer = b"".join(client.receive_data(bytes([byte])) for byte in server.greeting())
        for byte in answer:
            assert not server.answered
            server.receive_data(bytes([byte]))
        for byte in server.accept():
            assert not client.accepted
            client.receive_data(bytes([byte]))
        assert client.accepted

    def test_the_secret_is_not_in_what_is_said(self) -> None:
        said = b"".join(meet(ServerHandshake(SECRET), ClientHandshake(SECRET)))
        assert SECRET not in said
        assert SECRET.hex().encode() not in said

    def test_nothing_is_said_twice(self) -> None:
        first = meet(ServerHandshake(SECRET), ClientHandshake(SECRET))
        second = meet(ServerHandshake(SECRET), ClientHandshake(SECRET))
        assert not set(first) & set(second)

    def test_so_011_lines_are_short_and_printable(self) -> None:
        """Spec: SO-011."""
        for line in meet(ServerHandshake(SECRET), ClientHandshake(SECRET)):
            assert len(line) <= MAX_LINE_BYTES // 2
            assert line.endswith(b"\n")
            assert line[:-1].decode("ascii").isprintable()

    @pytest.mark.parametrize("kind", [ServerHandshake, ClientHandshake])
    def test_so_021_a_short_secret_is_refused(self, kind: type) -> None:
        """Spec: SO-021."""
        with pytest.raises(ValueError, match=r"^the secret has 15 bytes, expected at least 16: .* guessed$"):
            kind(b"x" * 15)
        kind(b"x" * 16)

    def test_the_secret_is_in_no_repr_and_no_error(self) -> None:
        server, client = ServerHandshake(SECRET), ClientHandshake(SECRET)
        assert SECRET.decode() not in repr(server) + repr(client)
        with pytest.raises(ValueError, match="has 5 bytes") as caught:
            ClientHandshake(b"short")
        assert "short'" not in str(caught.value)

    def test_nobody_is_let_in_before_the_answer(self) -> None:
        with pytest.raises(RuntimeError):
            ServerHandshake(SECRET).accept()


class TestExamples:
    """The conversations of the specification, byte for byte."""

    @staticmethod
    def example(name: str) -> list[bytes]:
        if not PROSE.exists():
            pytest.skip("protocol-spec/ is not here: the package is tested alone")
        text = PROSE.read_text(encoding="utf-8")
        fence = re.search(rf"^```text {name}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        assert fence, name
        return [line.split(": ", 1)[1].encode() + b"\n" for line in fence[1].splitlines()]

    def test_so_013_with_a_secret(self) -> None:
        """Spec: SO-013."""
        values = self.example("so-values")
        secret, server_nonce, client_nonce = (bytes.fromhex(value.decode()) for value in values)
        said = meet(ServerHandshake(secret, server_nonce), ClientHandshake(secret, client_nonce))
        assert said == self.example("so-secret")

    def test_so_053_a_worker_that_connects(self) -> None:
        """Spec: SO-053."""
        values = self.example("so-values")
        secret, server_nonce, client_nonce = (bytes.fromhex(value.decode()) for value in values)
        said = meet(
            ServerHandshake(secret, server_nonce, BRINGING), ClientHandshake(secret, client_nonce, BRINGING)
        )
        assert said == self.example("so-worker")

    def test_so_014_without(self) -> None:
        """Spec: SO-014."""
        assert meet(ServerHandshake(None), ClientHandshake(None)) == self.example("so-none")

    def test_so_015_refused(self) -> None:
        """Spec: SO-015."""
        greeting, answer, verdict = self.example("so-refused")
        server = ServerHandshake(SECRET, bytes.fromhex(greeting.split()[-1].decode()))
        assert server.greeting() == greeting
        with pytest.raises(AuthenticationError) as caught:
            server.receive_data(answer)
        assert caught.value.last_line == verdict


class TestServer:
    @pytest.mark.parametrize(
        ("secret", "sentence", "last_words"),
        [
            (OTHER_SECRET, "client's secret is wrong", "secret is wrong"),
            (None, "gave no secret", "a secret is needed"),
        ],
    )
    def test_so_015_a_wrong_or_missing_secret(
        self, secret: bytes | None, sentence: str, last_words: str
    ) -> None:
        """Spec: SO-015."""
        server, client = ServerHandshake(SECRET), ClientHandshake(secret)
        if secret is None:
            with pytest.raises(AuthenticationError, match="asks for a secret, but none was given") as ours:
                client.receive_data(server.greeting())
            answer = ours.value.last_line
        else:
            answer = client.receive_data(server.greeting())
        with pytest.raises(AuthenticationError, match=sentence) as caught:
            server.receive_data(answer)
        assert not server.answered
        with pytest.raises(AuthenticationError, match=f"the server refuses: '.*{last_words}'"):
            ClientHandshake(None).receive_data(caught.value.last_line)

    def test_so_013_a_replay_is_worth_nothing(self) -> None:
        """Spec: SO-013. What was heard in one conversation is said in another."""
        _, answer, _ = meet(ServerHandshake(SECRET), ClientHandshake(SECRET))
        with pytest.raises(AuthenticationError, match="client's secret is wrong"):
            ServerHandshake(SECRET).receive_data(answer)

    def test_so_013_a_reflection_is_worth_nothing(self) -> None:
        """Spec: SO-013. What servers say has another label than what clients say."""
        victim, oracle = ServerHandshake(SECRET), ServerHandshake(SECRET)
        nonce = victim.greeting().split()[-1]
        forged = proof(SECRET, b"server", nonce, oracle.greeting().split()[-1])
        line = b" ".join((b"xnet-client/1 hmac-sha256", oracle.greeting().split()[-1], forged)) + b"\n"
        with pytest.raises(AuthenticationError, match="client's secret is wrong"):
            victim.receive_data(line)

    def test_so_013_the_nonces_cannot_be_swapped(self) -> None:
        """Spec: SO-013."""
        server = ServerHandshake(SECRET, b"s" * 32)
        swapped = proof(SECRET, b"client", (b"c" * 32).hex().encode(), (b"s" * 32).hex().encode())
        line = b" ".join((b"xnet-client/1 hmac-sha256", (b"c" * 32).hex().encode(), swapped)) + b"\n"
        with pytest.raises(AuthenticationError):
            server.receive_data(line)

    def test_so_011_a_right_proof_under_another_name_is_refused(self) -> None:
        """Spec: SO-011. Or one of another version: nobody is to find out what else would do."""
        greeting = ServerHandshake(SECRET, b"s" * 32).greeting()
        answer = ClientHandshake(SECRET).receive_data(greeting)
        for old, new in ((b"hmac-sha256", b"hmac-sha1"), (b"/1 ", b"/0 "), (b"/1 ", b"/2 ")):
            with pytest.raises(AuthenticationError, match=r"wrong form|not an xnet client"):
                ServerHandshake(SECRET, b"s" * 32).receive_data(answer.replace(old, new, 1))

    def test_every_bit_of_the_proof_counts(self) -> None:
        greeting = ServerHandshake(SECRET, b"s" * 32).greeting()
        answer = ClientHandshake(SECRET).receive_data(greeting)
        for place in range(len(answer) - 65, len(answer) - 1):
            wrong = bytearray(answer)
            wrong[place] = ord("0") if wrong[place] != ord("0") else ord("1")
            with pytest.raises(AuthenticationError):
                ServerHandshake(SECRET, b"s" * 32).receive_data(bytes(wrong))

    def test_a_client_that_wants_to_prove_something_to_a_server_without_a_secret(self) -> None:
        with pytest.raises(AuthenticationError, match="this server has none"):
            ServerHandshake(None).receive_data(
                b"xnet-client/1 hmac-sha256 " + b"0" * 64 + b" " + b"0" * 64 + b"\n"
            )

    @pytest.mark.parametrize("secret", [SECRET, None])
    def test_so_022_a_browser_starts_nothing(self, secret: bytes | None) -> None:
        """Spec: SO-022, SO-014. A page of anybody may send to a port of ours; it starts nothing."""
        with pytest.raises(AuthenticationError, match=r"it said 'GET / HTTP/1\.1'"):
            ServerHandshake(secret).receive_data(b"GET / HTTP/1.1\r\n")

    def test_a_client_that_speaks_tls_gets_a_sentence_of_its_own(self) -> None:
        with pytest.raises(AuthenticationError, match="the client speaks TLS"):
            ServerHandshake(SECRET).receive_data(b"\x16\x03\x01\x02")

    def test_so_012_a_line_is_bounded(self) -> None:
        """Spec: SO-012."""
        server = ServerHandshake(SECRET)
        server.receive_data(b"x" * (MAX_LINE_BYTES - 1))
        with pytest.raises(AuthenticationError, match="more than 512 bytes without an end of line") as caught:
            server.receive_data(b"x")
        assert caught.value.last_line.startswith(b"xnet-server/1 no ")
        with pytest.raises(AuthenticationError, match="it said 'x"):
            ServerHandshake(SECRET).receive_data(b"x" * (MAX_LINE_BYTES - 1) + b"\n")

    @given(data=st.binary(max_size=600), secret=st.sampled_from([SECRET, None]))
    def test_so_022_garbage_lets_nobody_in(self, data: bytes, secret: bytes | None) -> None:
        """Spec: SO-022."""
        server = ServerHandshake(secret)
        sentence = ""
        try:
            for byte in data:
                server.receive_data(bytes([byte]))
                if byte == 10:
                    break
        except AuthenticationError as error:
            sentence = str(error)
        assert sentence.isprintable()
        assert len(sentence) < 400
        assert not server.answered


class TestClient:
    def test_so_020_a_server_that_asks_for_nothing_is_not_told_anything(self) -> None:
        """Spec: SO-020. Downgrade: somebody in the way of the true server asks for no secret."""
        with pytest.raises(AuthenticationError, match="may not be the server you mean") as caught:
            ClientHandshake(SECRET).receive_data(b"xnet-server/1 none\n")
        assert caught.value.last_line == b""

    @pytest.mark.parametrize("proof_words", [b"", b" " + b"0" * 64, b" " + b"\xff" * 64])
    def test_so_016_a_server_that_does_not_know_the_secret_is_no_server(self, proof_words: bytes) -> None:
        """Spec: SO-016."""
        client = ClientHandshake(SECRET)
        client.receive_data(ServerHandshake(OTHER_SECRET).greeting())
        with pytest.raises(AuthenticationError, match="does not know the secret itself"):
            client.receive_data(b"xnet-server/1 ok" + proof_words + b"\n")
        assert not client.accepted

    def test_so_016_its_own_proof_comes_back(self) -> None:
        """Spec: SO-016. Reflection: what the client has just said is no proof of the server."""
        client = ClientHandshake(SECRET)
        answer = client.receive_data(ServerHandshake(SECRET).greeting())
        with pytest.raises(AuthenticationError, match="does not know the secret itself"):
            client.receive_data(b"xnet-server/1 ok " + answer.split()[-1] + b"\n")

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            (
                b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
                "it is not an xnet server: it said 'SSH-2.0-OpenSSH_9.2p1 Debian-2'",
            ),
            (b"HTTP/1.1 400 Bad Request\r\n", "it is not an xnet server: it said 'HTTP/1.1 400 Bad Request'"),
            (b"\n", "it is not an xnet server: it said ''"),
            (b"\x1b[2J\x07\xff\n", "it is not an xnet server: it said '?[2J?\ufffd'"),
            (b"y" * 300 + b"\n", "it is not an xnet server: it said '" + "y" * 80 + "'..."),
            (b"xnet-server/2 hmac-sha3\n", "another version of this handshake: 'xnet-server/2 hmac-sha3'"),
            (b"xnet-server/1 no too late\n", "the server refuses: 'too late'"),
            (b"xnet-server/1 no \x1b[31m\n", "the server refuses: '?[31m'"),
            (b"xnet-server/1 hmac-sha1 00\n", "the server's greeting has the wrong form: 'hmac-sha1 00'"),
            (b"xnet-server/1 hmac-sha256 00\n", "the server's greeting has the wrong form"),
            (b"xnet-server/1 ok\n", "the server's greeting has the wrong form: 'ok'"),
        ],
    )
    def test_so_002_a_stranger_is_quoted_and_not_believed(self, line: bytes, sentence: str) -> None:
        """Spec: SO-002."""
        with pytest.raises(AuthenticationError) as caught:
            ClientHandshake(SECRET).receive_data(line)
        assert sentence in str(caught.value)

    def test_so_012_a_line_is_bounded(self) -> None:
        """Spec: SO-012."""
        with pytest.raises(AuthenticationError, match="the server said more than 512 bytes without an end"):
            ClientHandshake(SECRET).receive_data(b"x" * 512)

    def test_a_verdict_of_the_wrong_form(self) -> None:
        client = ClientHandshake(None)
        client.receive_data(b"xnet-server/1 none\n")
        with pytest.raises(AuthenticationError, match="verdict has the wrong form: 'fine'"):
            client.receive_data(b"xnet-server/1 fine\n")

    @given(data=st.lists(st.binary(max_size=100), max_size=4), secret=st.sampled_from([SECRET, None]))
    def test_garbage_is_never_accepted(self, data: list[bytes], secret: bytes | None) -> None:
        client = ClientHandshake(secret)
        sentence = ""
        try:
            for line in data:
                client.receive_data(line.replace(b"\n", b"") + b"\n")
        except AuthenticationError as error:
            sentence = str(error)
        assert sentence.isprintable()
        assert not client.accepted


class TestParties:
    """Who gives workers and who brings them do not come together, and learn nothing for the other from it."""

    @pytest.mark.parametrize(
        ("server", "client", "sentence"),
        [
            (GIVING, BRINGING, "the server that listens there provides interpreters"),
            (BRINGING, GIVING, "the program that listens there waits for a worker"),
        ],
    )
    def test_so_053_who_does_not_belong_together(
        self, server: Parties, client: Parties, sentence: str
    ) -> None:
        """Spec: SO-053. With the same secret, and it is not answered."""
        greeting = ServerHandshake(SECRET, parties=server).greeting()
        with pytest.raises(AuthenticationError, match=sentence) as caught:
            ClientHandshake(SECRET, parties=client).receive_data(greeting)
        assert caught.value.last_line == b""

    @pytest.mark.parametrize(("asked", "other"), [(GIVING, BRINGING), (BRINGING, GIVING)])
    def test_so_053_an_answer_is_worth_nothing_to_the_other(self, asked: Parties, other: Parties) -> None:
        """Spec: SO-053. Somebody in between changes the words, which anybody can, and not the proofs."""
        server = ServerHandshake(SECRET, parties=other)
        client = ClientHandshake(SECRET, parties=asked)
        nonce = server.greeting().split()[-1]
        answer = client.receive_data(asked.server_line(b"hmac-sha256 " + nonce + b"\n"))
        changed = other.client_line(answer.split(b" ", 1)[1])
        with pytest.raises(AuthenticationError, match="client's secret is wrong"):
            server.receive_data(changed)

    @pytest.mark.parametrize(("asked", "other"), [(GIVING, BRINGING), (BRINGING, GIVING)])
    def test_so_053_a_verdict_neither(self, asked: Parties, other: Parties) -> None:
        """Spec: SO-053."""
        client = ClientHandshake(SECRET, parties=asked)
        answer = client.receive_data(asked.server_line(b"hmac-sha256 " + b"0" * 64 + b"\n"))
        verdict = proof(SECRET, other.server.encode(), b"0" * 64, answer.split()[2])
        with pytest.raises(AuthenticationError, match="does not know the secret itself"):
            client.receive_data(asked.server_line(b"ok " + verdict + b"\n"))

    def test_so_053_a_reflection(self) -> None:
        """Spec: SO-053. The worker's own proof comes back, and an initiator's own nonce."""
        client = ClientHandshake(SECRET, parties=BRINGING)
        server = ServerHandshake(SECRET, parties=BRINGING)
        answer = client.receive_data(server.greeting())
        with pytest.raises(AuthenticationError, match="does not know the secret itself"):
            client.receive_data(BRINGING.server_line(b"ok " + answer.split()[-1] + b"\n"))
        nonce = server.greeting().split()[-1]
        with pytest.raises(AuthenticationError, match="client's secret is wrong"):
            server.receive_data(BRINGING.client_line(b"hmac-sha256 " + nonce + b" " + nonce + b"\n"))

    def test_strangers_are_named_as_they_are_not(self) -> None:
        with pytest.raises(
            AuthenticationError, match=r"it is not an xnet initiator: it said 'HTTP/1\.0 400'"
        ):
            ClientHandshake(SECRET, parties=BRINGING).receive_data(b"HTTP/1.0 400\n")
        with pytest.raises(AuthenticationError, match="not an xnet worker: it said 'GET /'") as caught:
            ServerHandshake(SECRET, parties=BRINGING).receive_data(b"GET /\n")
        assert b"this is an xnet initiator" in caught.value.last_line
        with pytest.raises(AuthenticationError, match="another version of this handshake"):
            ClientHandshake(SECRET, parties=BRINGING).receive_data(b"xnet-initiator/2 x\n")


class TestRefusal:
    @given(st.text(max_size=800), st.sampled_from([GIVING, BRINGING]))
    def test_any_sentence_is_one_line(self, text: str, parties: Parties) -> None:
        line = ServerHandshake(None, parties=parties).refusal(text)
        assert len(line) <= MAX_LINE_BYTES
        assert line.index(b"\n") == len(line) - 1
        with pytest.raises(AuthenticationError, match="the server refuses"):
            ClientHandshake(None, parties=parties).receive_data(line)
