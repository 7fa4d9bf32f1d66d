"""Replay, downgrade and reflection, on those who listen and on those who connect.

The machines of the handshake alone are attacked in ``test_authentication``, those who listen by strangers in
``test_strangers``; what comes behind the handshake is in ``test_hostile_worker`` and
``test_hostile_initiator``.

Spec: SO-001, SO-011 to SO-020, SO-033, SO-034, SO-050, SO-053.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest

from attack_helpers import ListenerVictim, Tap, Victim, Victims
from gateway_helpers import PATIENCE_S, children
from socket_helpers import SECRET, Certificates, Reached, connect, read_all, read_line, stranger
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.authentication import BRINGING, GIVING, Parties
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.server import Limits
from xnet_gateway.sockets.tls import TlsOptions

#: What is waited for in vain.
SHORT_S = 0.5


def test_so_013_a_recorded_session_is_worth_nothing_to_a_server(victims: Victims, tmp_path: Path) -> None:
    """Spec: SO-013. All that the right client ever said, with the code that it had executed."""
    server = victims("server")
    tap = Tap(server.address)
    mark = tmp_path / "mark"
    with Reached(dial(tap.address, secret=SECRET, tls=None, timeout_s=PATIENCE_S)) as reached:
        reached.run(f"open({str(mark)!r}, 'x').close()").waitclose(PATIENCE_S)
        reached.leave()
    tap.wait()
    assert str(mark).encode() in tap.from_client
    mark.unlink()
    before = children()
    for patient in (True, False):  # as a client would, and all of it at once
        with connect(server.address) as replay:
            if patient:
                assert read_line(replay).startswith(b"xnet-server/1 hmac-sha256 ")
            with contextlib.suppress(OSError):
                replay.sendall(tap.from_client)
            assert b" ok" not in read_all(replay)
    assert server.refuses("the client's secret is wrong")
    assert children() <= before  # the first one may still have been ending
    assert not mark.exists()
    server.let_in()


def test_so_013_a_recorded_worker_is_worth_nothing_to_a_listener(victims: Victims) -> None:
    """Spec: SO-013, SO-050. With a secret that stays the same, as one in a file does."""
    first = victims("listener")
    assert isinstance(first, ListenerVictim)
    tap = Tap(first.address)
    with socket.socket(
        fileno=dial(tap.address, secret=SECRET, tls=None, timeout_s=PATIENCE_S, parties=BRINGING)
    ) as worker:
        ours, _ = first.reception.wait()
        worker.sendall(b"the worker's first words")
        with socket.socket(fileno=ours) as initiator:
            initiator.settimeout(PATIENCE_S)
            assert initiator.recv(100)
    tap.wait()
    second = victims("listener")
    with connect(second.address) as replay:
        assert read_line(replay)
        replay.sendall(tap.from_client)
        assert b" ok" not in read_all(replay)
    assert second.refuses("the client's secret is wrong")
    second.let_in()


@pytest.mark.parametrize("parties", [GIVING, BRINGING])
def test_so_016_a_recorded_server_is_worth_nothing(victims: Victims, parties: Parties) -> None:
    """Spec: SO-013, SO-016. A client, or a worker that connects, comes to somebody who plays a record."""
    there = victims("server" if parties is GIVING else "listener")
    tap = Tap(there.address)
    os.close(dial(tap.address, secret=SECRET, tls=None, timeout_s=PATIENCE_S, parties=parties))
    if isinstance(there, ListenerVictim):
        os.close(there.reception.wait()[0])
    tap.wait()
    greeting, _, rest = bytes(tap.from_server).partition(b"\n")
    assert b" ok " in rest
    with (
        stranger(greeting + b"\n", rest) as address,
        pytest.raises(HostNotFound, match="does not know the secret itself"),
    ):
        dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S, parties=parties)


PROOF = b"0" * 64


@pytest.mark.parametrize(
    "answer",
    [
        b"/1 none",
        b"/1 hmac-md5 " + PROOF[:32] + b" " + PROOF[:32],
        b"/1 hmac-sha1 " + PROOF[:40] + b" " + PROOF[:40],
        b"/1 hmac-sha1 " + PROOF + b" " + PROOF,
        b"/1 HMAC-SHA256 " + PROOF + b" " + PROOF,
        b"/1 hmac-sha256 " + PROOF + b" ",
        b"/1 hmac-sha256 " + PROOF,
        b"/1 hmac-sha256 " + PROOF + b" " + PROOF + b" none",
        b"/0 none",
        b"/0 hmac-sha256 " + PROOF + b" " + PROOF,
        b"/2 hmac-sha256 " + PROOF + b" " + PROOF,
        b" none",
    ],
)
def test_what_cannot_be_chosen_cannot_be_downgraded(victim: Victim, answer: bytes) -> None:
    """Spec: SO-011, SO-015. Another mechanism, none, an older or newer version."""
    with connect(victim.address) as client:
        assert read_line(client).startswith(f"xnet-{victim.parties.server}/1 hmac-sha256 ".encode())
        client.sendall(f"xnet-{victim.parties.client}".encode() + answer + b"\n")
        assert read_all(client).startswith(f"xnet-{victim.parties.server}/1 no ".encode())
    victim.let_in()


@pytest.mark.parametrize("parties", [GIVING, BRINGING])
@pytest.mark.parametrize("rest", ["/1 none", "/0 none", "/1 hmac-md5 00", "/1 hmac-sha1 " + "0" * 64])
def test_so_020_a_downgraded_server_is_not_answered(parties: Parties, rest: str) -> None:
    """Spec: SO-011, SO-020. Not a byte that could be of use to somebody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard: list[bytes] = []

        def serve() -> None:
            with listener.accept()[0] as sock:
                sock.settimeout(PATIENCE_S)
                sock.sendall(f"xnet-{parties.server}{rest}\n".encode())
                heard.append(read_all(sock))

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(HostNotFound, match="authentication failed"):
            dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S, parties=parties)
        thread.join(PATIENCE_S)
    assert heard == [b""]


@pytest.mark.parametrize("parties", [GIVING, BRINGING])
def test_so_033_who_wants_tls_says_nothing_in_the_clear(certificates: Certificates, parties: Parties) -> None:
    """Spec: SO-033. Somebody in the way has taken TLS off."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard: list[bytes] = []

        def serve() -> None:
            with listener.accept()[0] as sock:
                sock.settimeout(PATIENCE_S)
                sock.sendall(f"xnet-{parties.server}/1 hmac-sha256 ".encode() + PROOF + b"\n")
                heard.append(read_all(sock))

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        tls = TlsOptions(certificates.ca)
        with pytest.raises(HostNotFound, match="what answers there does not speak TLS"):
            dial(address, secret=SECRET, tls=tls, timeout_s=PATIENCE_S, parties=parties)
        thread.join(PATIENCE_S)
    assert heard[0][:2] == b"\x16\x03"
    assert b"xnet" not in heard[0]


@pytest.mark.parametrize("kind", ["server", "listener"])
def test_so_034_old_versions_of_tls_are_refused(
    victims: Victims, certificates: Certificates, kind: str
) -> None:
    """Spec: SO-034. A hello of TLS 1.1, written by hand: OpenSSL of today may not make one."""
    there = victims(kind, certificates)
    body = b"\x03\x02" + os.urandom(32) + b"\0" + b"\0\x04\xc0\x14\0\x35" + b"\1\0"
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    with connect(there.address) as client:
        client.sendall(b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello)
        said = read_all(client)
    # A fatal alert, "protocol version", in a record.
    assert said[:2] == b"\x15\x03"
    assert said[5:7] == b"\x02\x46"
    there.let_in()


@pytest.mark.parametrize("kind", ["server", "listener"])
def test_so_001_nothing_is_said_outside_of_tls(
    victims: Victims, certificates: Certificates, kind: str
) -> None:
    """Spec: SO-001. Who comes without TLS does not even learn what this is."""
    there = victims(kind, certificates)
    there.server()._limits = Limits(authentication_s=SHORT_S)
    with connect(there.address) as client:
        client.sendall(f"xnet-{there.parties.client}/1 none\n".encode())
        assert b"xnet" not in read_all(client)
    with pytest.raises(HostNotFound, match="before it said anything"):
        dial(there.address, secret=SECRET, tls=None, timeout_s=PATIENCE_S, parties=there.parties)
    there.server()._limits = Limits()
    there.let_in()


def test_a_server_and_a_listener_with_one_secret_do_not_come_together(victims: Victims) -> None:
    """Spec: SO-053. Each of two that listen, and each of two that connect, waits for the other to begin."""
    server, listener = victims("server"), victims("listener")
    for there, parties, words in (
        (server, BRINGING, "the server that listens there provides interpreters"),
        (listener, GIVING, "the program that listens there waits for a worker"),
    ):
        with pytest.raises(HostNotFound, match=words):
            dial(there.address, secret=SECRET, tls=None, timeout_s=PATIENCE_S, parties=parties)
        there.let_in()
