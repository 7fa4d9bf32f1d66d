"""Listening for a worker: the right one gets in, whatever strangers do meanwhile.

Spec: SO-050, SO-051.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, descriptors, eventually
from socket_helpers import OTHER_SECRET, Certificates, connect, read_all, read_line
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.authentication import BRINGING, ClientHandshake
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.reception import Reasons, Reception
from xnet_gateway.sockets.tls import TlsOptions
from xnet_gateway.transports.base import Listen


@pytest.fixture
def listen() -> Iterator[Callable[..., Reception]]:
    made: list[Reception] = []

    def make(
        address: str = "127.0.0.1:0",
        secret_file: str | None = None,
        tls: dict[str, str] | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> Reception:
        made.append(Reception(Listen(address, secret_file=secret_file, tls=tls, timeout_s=timeout_s)))
        return made[-1]

    yield make
    for reception in made:
        reception.end()


Make = Callable[..., Reception]


def call(reception: Reception, secret: bytes | None = None, tls: TlsOptions | None = None) -> int:
    return dial(
        reception.address,
        secret=secret or reception.secret,
        tls=tls,
        timeout_s=PATIENCE_S,
        parties=BRINGING,
    )


def talk(here: int, there: int) -> None:
    """Check that the two descriptors are ends of one connection, and close them."""
    with socket.socket(fileno=here) as ours, socket.socket(fileno=there) as theirs:
        for one, other in ((ours, theirs), (theirs, ours)):
            one.sendall(b"x" * 10_000)
            other.settimeout(PATIENCE_S)
            with other.makefile("rb") as file:
                assert file.read(10_000) == b"x" * 10_000
        ours.shutdown(socket.SHUT_WR)
        assert theirs.recv(1) == b""


def test_so_050_the_one_with_the_secret_and_nobody_after_it(listen: Make) -> None:
    reception = listen()
    theirs = call(reception)
    ours, peer = reception.wait()
    assert peer.startswith("127.0.0.1:")
    talk(ours, theirs)
    with pytest.raises(HostNotFound, match="refused"):
        call(reception)


def test_so_051_a_secret_for_each(listen: Make, tmp_path: object) -> None:
    first, second = listen(), listen()
    assert first.made_secret
    assert first.secret != second.secret
    assert len(bytes.fromhex(first.secret.decode())) == 32
    with pytest.raises(HostNotFound, match="the secret is wrong"):
        call(first, second.secret)


def test_a_secret_that_was_given(listen: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNET_SECRET", OTHER_SECRET.decode())
    reception = listen()
    assert (reception.secret, reception.made_secret) == (OTHER_SECRET, False)


def test_so_022_strangers_keep_nobody_waiting(listen: Make) -> None:
    """More silent ones than it lets wait, one with a wrong secret, one that talks nonsense."""
    reception = listen()
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(reception.address)) for _ in range(100)]
        with pytest.raises(HostNotFound, match="the secret is wrong"):
            call(reception, OTHER_SECRET)
        with connect(reception.address) as nonsense:
            nonsense.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b"not from an xnet worker" in read_all(nonsense)
        theirs = call(reception)
        ours, _ = reception.wait()
        talk(ours, theirs)
        assert all(not read_all(one).endswith(b"ok") for one in silent)  # all were let go


def test_so_050_none_is_no_secret(listen: Make) -> None:
    reception = listen()
    with connect(reception.address) as client:
        assert read_line(client).startswith(b"xnet-initiator/1 hmac-sha256 ")
        client.sendall(b"xnet-worker/1 none\n")
        assert read_all(client) == b"xnet-initiator/1 no a secret is needed\n"


def test_a_reflected_proof_is_wrong(listen: Make) -> None:
    """Two that listen with one secret: what one says is no answer to the other, nor to itself."""
    reception = listen()
    with connect(reception.address) as client:
        nonce = read_line(client).split()[2]
        client.sendall(b"xnet-worker/1 hmac-sha256 " + nonce + b" " + nonce + b"\n")
        assert b" no the secret is wrong" in read_all(client)


def test_nobody_in_time(listen: Make) -> None:
    with pytest.raises(HostNotFound, match=r"no worker connected to 127.* within 0.1 s; none tried"):
        listen(timeout_s=0.1).wait()
    reception = listen(timeout_s=1.0)
    with pytest.raises(HostNotFound):
        call(reception, OTHER_SECRET)
    with connect(reception.address) as silent:
        assert read_line(silent)
        with pytest.raises(HostNotFound) as caught:
            reception.wait()
    words = str(caught.value).partition("; ")[2]
    assert re.fullmatch(
        r"1 connection was not accepted: the client's secret is wrong \(127\.0\.0\.1:\d+\)"
        "; 1 had not answered yet",
        words,
    )


def test_why_others_were_not_taken() -> None:
    reasons = Reasons()
    assert reasons.words(0) == "; none tried"
    reasons.add("h:1", "it was late")
    for number in range(1000):
        reasons.add(f"h:{number}", "it was wrong")
    assert reasons.words(0) == (
        "; 1001 connections were not accepted: it was wrong (1000 times, the last from h:999);"
        " it was late (h:1)"
    )
    for number in range(1000):
        reasons.add("h:2", f"it said {number}")
    assert len(reasons.words(0)) < 400
    assert "; other reasons (998 times)" in reasons.words(0)


def test_so_050_of_those_that_race_for_it_one_gets_it(listen: Make) -> None:
    """All have said everything but the end of the line, and say that at once. Spec: SO-050."""
    for _ in range(20):
        reception = listen()
        racers = [connect(reception.address) for _ in range(8)]
        for racer in racers:
            greeting = read_line(racer)
            racer.sendall(ClientHandshake(reception.secret, parties=BRINGING).receive_data(greeting)[:-1])
        for racer in racers:
            with contextlib.suppress(ConnectionError):  # the first one may have it already
                racer.sendall(b"\n")
        ours, _ = reception.wait()
        verdicts = []
        for racer in racers:
            with contextlib.suppress(ConnectionError):
                verdicts.append(read_line(racer))
        assert sum(verdict.startswith(b"xnet-initiator/1 ok ") for verdict in verdicts) == 1, verdicts
        os.close(ours)
        for racer in racers:
            racer.close()


def test_a_worker_that_came_is_let_go_with_the_rest(listen: Make, certificates: Certificates) -> None:
    """Nobody waits for it any more: kept, it would wait for ever."""
    for tls in (None, {"cert": certificates.server_cert, "key": certificates.server_key}):
        reception = listen(tls=tls)
        theirs = call(reception, tls=None if tls is None else TlsOptions(certificates.ca))
        assert reception._over.wait(PATIENCE_S)
        reception.end()
        with socket.socket(fileno=theirs) as sock:
            sock.settimeout(PATIENCE_S)
            assert sock.recv(1) == b""


def test_a_forked_child_does_not_listen_on(listen: Make) -> None:
    """It has a copy of everything that is open, and would keep whoever connects waiting."""
    reception, taken = listen(), listen()
    theirs = call(taken)
    assert taken._over.wait(PATIENCE_S)
    with connect(reception.address) as stranger:
        assert read_line(stranger)
        pid = os.fork()
        if pid == 0:
            signal.pause()
        try:
            ours, _ = taken.wait()
            os.close(ours)
            with socket.socket(fileno=theirs) as sock:
                sock.settimeout(PATIENCE_S)
                assert sock.recv(1) == b""
            reception.end()
            with pytest.raises(HostNotFound, match=r"refused|reset"):  # or it was in the queue of what closes
                call(reception)
            assert read_all(stranger) == b""
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def test_at_a_path(listen: Make, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    reception = listen(path)
    assert Path(path).stat().st_mode & 0o777 == 0o600
    with pytest.raises(HostNotFound, match="the secret is wrong"):  # a file of this user, and still
        call(reception, OTHER_SECRET)
    theirs = call(reception)
    ours, peer = reception.wait()
    assert peer == "this machine"
    talk(ours, theirs)
    assert not Path(path).exists()
    tmp_path.chmod(0o777)
    with pytest.raises(ValueError, match="written by everyone"):
        listen(path)


@pytest.mark.slow
def test_tls(listen: Make, certificates: Certificates) -> None:
    reception = listen(
        tls={"cert": certificates.server_cert, "key": certificates.server_key, "ca": certificates.ca}
    )
    with pytest.raises(HostNotFound):  # no downgrade
        call(reception)
    with pytest.raises(HostNotFound, match="TLS"):  # a certificate is asked for
        call(reception, tls=TlsOptions(certificates.ca))
    options = TlsOptions(certificates.ca, certificates.client_cert, certificates.client_key)
    theirs = call(reception, tls=options)
    ours, _ = reception.wait()
    talk(ours, theirs)


def test_it_leaves_nothing_behind(listen: Make) -> None:
    listen().end()
    threads, before = threading.active_count(), descriptors()
    for _ in range(20):
        reception = listen()
        theirs = call(reception)
        ours, _ = reception.wait()
        os.close(ours)
        os.close(theirs)
    for _ in range(20):
        listen().end()
    assert eventually(lambda: threading.active_count() <= threads)
    assert len(descriptors()) <= len(before)


def test_a_place_that_is_taken(listen: Make) -> None:
    with pytest.raises(OSError, match="cannot listen on"):
        listen(listen().address)
