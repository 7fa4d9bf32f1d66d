"""Gateways to servers: over the network, a unix socket, and through other gateways."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway_helpers import MEGABYTE, PATIENCE_S, Gateways
from socket_helpers import SECRET, Certificates, Serving
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.tls import server_context
from xnet_gateway.transports.base import Address
from xnet_gateway.transports.served import ServedWorker, find_secret_of, tls_of


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    return path


def test_a_gateway_over_a_socket(gateways: Gateways, secret_file: Path, tmp_path: Path) -> None:
    with Serving() as server:
        place = tmp_path / "made"
        gateway = gateways(
            f"socket={server.address}//secret_file={secret_file}//chdir={place}//env:A=b//nice=1"
        )
        channel = gateway.remote_exec(
            "import os; channel.send((os.getcwd(), os.environ['A'])); channel.send(channel.receive())"
        )
        assert channel.receive(PATIENCE_S) == (str(place), "b")
        channel.send(b"x" * 3 * MEGABYTE)
        assert channel.receive(PATIENCE_S) == b"x" * 3 * MEGABYTE
        assert gateway.remoteaddress == server.address
        assert (gateway.pid, gateway.returncode) == (0, None)
        gateway.exit()
        assert gateway._wait_ended(time.monotonic() + PATIENCE_S)


def test_its_death_ends_the_gateway(gateways: Gateways, secret_file: Path) -> None:
    with Serving() as server:
        gateway = gateways(f"socket={server.address}//secret_file={secret_file}")
        channel = gateway.remote_exec("import os; os.kill(os.getpid(), 9)")
        with pytest.raises(EOFError, match="its server may know more"):
            channel.receive(PATIENCE_S)


def test_one_that_does_not_end_is_cut_off(gateways: Gateways, secret_file: Path) -> None:
    with Serving() as server:
        gateway = gateways(f"socket={server.address}//secret_file={secret_file}")
        gateway.remote_exec("import time\nwhile True:\n try: time.sleep(1)\n except BaseException: pass")
        gateway._kill()
        assert gateway._wait_ended(time.monotonic() + PATIENCE_S)


def test_through_another_gateway_with_tls(gateways: Gateways, secret_file: Path, tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    certificates = Certificates(tmp_path / "certificates")
    context = server_context(certificates.server_cert, certificates.server_key)
    with Serving(context=context) as server:
        master = gateways("popen//id=master")
        text = f"socket={server.address}//via=master//tls_ca={certificates.ca}//secret_file={secret_file}"
        gateway = gateways(text, master)
        assert gateway.remote_exec("channel.send(42)").receive(PATIENCE_S) == 42
        assert gateway.remoteaddress == f"{server.address} via master"
        with pytest.raises(HostNotFound, match="TLS"):
            gateways(text.replace(certificates.ca, certificates.other_ca), master)


def test_a_wrong_secret(gateways: Gateways, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"another good secret")
    wrong.chmod(0o600)
    with Serving() as server:
        for text in (f"socket={server.address}//secret_file={wrong}", f"socket={server.address}"):
            with pytest.raises(HostNotFound, match="secret"):
                gateways(text)


def test_no_such_secret_file(gateways: Gateways) -> None:
    with pytest.raises(HostNotFound, match="/no/such/file"):
        gateways("socket=localhost:1//secret_file=/no/such/file")


def test_where_secrets_and_tls_come_from(secret_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNET_SECRET", "from the environment")
    assert find_secret_of(Address("a:1")) == b"from the environment"
    assert find_secret_of(Address("a:1", secret=b"x" * 16)) == b"x" * 16
    assert find_secret_of(Address("/run/x")) is None
    assert find_secret_of(Address("/run/x", secret_file=str(secret_file))) == SECRET
    assert tls_of(Address("a:1")) is None
    options = tls_of(Address("a:1", tls={"ca": "/a", "cert": "/c", "key": "/k"}))
    assert options is not None
    assert (options.ca_file, options.cert_file, options.key_file) == ("/a", "/c", "/k")


def test_nothing_is_known_of_it() -> None:
    worker = ServedWorker("a:1")
    assert worker.exited
    assert worker.wait(1.0) is None
    worker.when_exited(lambda: pytest.fail("nobody tells"))
    worker.kill()
