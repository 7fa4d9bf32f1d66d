"""``ssh=`` against a real sshd: what works, and whose words one gets when it does not."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bare_helpers import INTERPRETERS
from gateway_helpers import MEGABYTE, PATIENCE_S, Gateways, busy, eventually
from sshd_helpers import Sshd
from xnet_gateway.errors import HostNotFound


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture
def text(sshd: Sshd) -> str:
    return f"ssh=here//ssh_config={sshd.config}//python={sys.executable}"


def test_it_works(gateways: Gateways, text: str, tmp_path: Path) -> None:
    gateway = gateways(f"{text}//chdir={tmp_path}/made//env:A=b")
    channel = gateway.remote_exec(
        "import os; channel.send((os.getcwd(), os.environ['A'], 'SSH_CONNECTION' in os.environ))\n"
        "channel.send(channel.receive())"
    )
    assert channel.receive(PATIENCE_S) == (f"{tmp_path}/made", "b", True)
    channel.send(b"x" * 3 * MEGABYTE)
    assert channel.receive(PATIENCE_S) == b"x" * 3 * MEGABYTE
    assert gateway.remoteaddress == "here"
    gateway.exit()
    assert gateway.wait(PATIENCE_S) == 0


def test_options_in_the_value(gateways: Gateways, sshd: Sshd) -> None:
    gateway = gateways(
        f"ssh=-p {sshd.port} -o UserKnownHostsFile={sshd.folder}/known2 -o StrictHostKeyChecking=no"
        f" -o IdentitiesOnly=yes -i {sshd.folder}/user 127.0.0.1//python={sys.executable}"
    )
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


def test_old_interpreters(gateways: Gateways, sshd: Sshd) -> None:
    path = INTERPRETERS["2.7"]
    if path is None:
        pytest.skip("needs the interpreter 2.7, see tools/dev.py interpreters")
    gateway = gateways(f"ssh=here//ssh_config={sshd.config}//python={path}")
    assert gateway._rinfo().version_info[:2] == (2, 7)


def test_through_it_to_another(gateways: Gateways, text: str) -> None:
    master = gateways(f"{text}//id=far")
    inner = gateways("popen//via=far//id=inner", master)
    assert (
        inner.remote_exec("import os; channel.send(os.getppid())").receive(PATIENCE_S) == master._rinfo().pid
    )


def test_a_login_shell_that_talks(gateways: Gateways, sshd: Sshd, tmp_path: Path) -> None:
    """The command is what a noisy start-up file does: it prints before the worker begins."""
    noisy = tmp_path / "noisy"
    noisy.write_text(
        f'#!/bin/sh\necho "Last login: today"; echo "You have mail."; exec {sys.executable} "$@"\n'
    )
    noisy.chmod(0o755)
    gateway = gateways(f"ssh=here//ssh_config={sshd.config}//python={noisy}")
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("ssh=here//ssh_config={folder}/config-stranger", "Permission denied"),
        ("ssh=nobody.invalid", "Could not resolve hostname"),
        ("ssh=-p 1 127.0.0.1", "Connection refused"),
        ("ssh=here//ssh_config={folder}/config-user//python=/no/python", "/no/python"),
        ("ssh=here//ssh_config={folder}/no-such-file", "no-such-file"),
    ],
)
def test_what_fails_has_the_words_of_ssh(gateways: Gateways, sshd: Sshd, spec: str, words: str) -> None:
    sshd.write_config("stranger")
    with pytest.raises(HostNotFound, match=words):
        gateways(spec.format(folder=sshd.folder))


def test_a_killed_connection(gateways: Gateways, text: str) -> None:
    gateway = gateways(text)
    channel = gateway.remote_exec("import os; channel.send(os.getpid()); channel.receive()")
    worker = channel.receive(PATIENCE_S)
    started_s = time.monotonic()
    os.kill(gateway.pid, signal.SIGKILL)
    with pytest.raises(EOFError, match="SIGKILL"):
        channel.receive(PATIENCE_S)
    assert time.monotonic() - started_s < 5.0 * busy()

    def gone() -> bool:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return True
        return False

    assert eventually(gone)


def test_many_at_once(sshd: Sshd) -> None:
    from xnet_gateway.starting import begin
    from xnet_gateway.xspec import XSpec

    specs = []
    for number in range(8):
        spec = XSpec(f"ssh=here//ssh_config={sshd.config}//python={sys.executable}")
        spec.id = f"gw{number}"
        specs.append(spec)
    started = [begin(spec) for spec in specs]
    gateways = [pending.finish() for pending in started]
    try:
        channels = [gateway.remote_exec("channel.send(channel.gateway.id)") for gateway in gateways]
        assert [channel.receive(PATIENCE_S) for channel in channels] == [f"gw{n}-worker" for n in range(8)]
    finally:
        for gateway in gateways:
            gateway.exit()
        assert all(gateway._wait_ended(time.monotonic() + PATIENCE_S) for gateway in gateways)
