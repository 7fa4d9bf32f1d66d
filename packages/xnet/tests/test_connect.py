"""``python -m xnet connect``, as a user runs it, and the program that listens.

Spec: SO-050 to SO-052.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import xnet
from xnet_programs import ENVIRONMENT

PATIENCE_S = 30.0
CONNECT = [sys.executable, "-m", "xnet", "connect"]


class Commands:
    """Runs the command and ends it, whatever became of it."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def __call__(self, *arguments: str, secret: str = "") -> subprocess.Popen[str]:
        """Start it.

        Args:
            *arguments: Of the command.
            secret: What it is told when it asks.
        """
        command = subprocess.Popen(
            [*CONNECT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        self.started.append(command)
        assert command.stdin is not None
        command.stdin.write(secret + "\n")
        command.stdin.close()
        command.stdin = None
        return command

    def end(self) -> None:
        for command in self.started:
            command.kill()
            command.communicate(timeout=PATIENCE_S)


@pytest.fixture
def commands() -> Iterator[Commands]:
    one = Commands()
    yield one
    one.end()


@pytest.fixture
def group() -> Iterator[xnet.Group]:
    one = xnet.Group()
    yield one
    one.terminate(1.0)


def listening(commands: Commands, *arguments: str, text: str = "", tell: bool = True) -> xnet.XSpec:
    spec = xnet.XSpec(f"listen=127.0.0.1:0//listen_timeout={PATIENCE_S}{text}")

    def told(address: str, secret: bytes) -> None:
        commands(address, *arguments, secret=secret.decode() if tell else "")

    spec.when_listening = told
    return spec


def test_a_worker_comes_and_goes(commands: Commands, group: xnet.Group) -> None:
    gateway = group.makegateway(listening(commands, text="//id=far//env:A=b"))
    channel = gateway.remote_exec("import os; channel.send((os.environ['A'], os.environ.get('XNET_SECRET')))")
    assert channel.receive(PATIENCE_S) == ("b", None)
    gateway.remote_exec("print('said there')").waitclose(PATIENCE_S)
    [command] = commands.started
    group.terminate(PATIENCE_S)
    out, err = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 0
    assert out == ""
    assert err.startswith("xnet connect: connected to 127.0.0.1:")
    assert "said there" in err


def test_three_at_once(commands: Commands, group: xnet.Group) -> None:
    gateways = group.makegateways([listening(commands) for _ in range(3)])
    pids = [
        gateway.remote_exec("import os; channel.send(os.getpid())").receive(PATIENCE_S)
        for gateway in gateways
    ]
    assert len(set(pids)) == 3


def test_a_worker_that_is_there_first(commands: Commands, group: xnet.Group, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("a secret that both sides were given")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = commands(address, "--retry", str(PATIENCE_S), "--secret-file", str(secret))
    gateway = group.makegateway(f"listen={address}//secret_file={secret}")
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    assert command.poll() is None


def test_the_end_of_the_program_is_the_end_of_the_worker(commands: Commands) -> None:
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys, xnet\n"
                "spec = xnet.XSpec('listen=127.0.0.1:0')\n"
                "spec.when_listening = lambda address, secret: print(address, secret.decode(), flush=True)\n"
                "gateway = xnet.makegateway(spec)\n"
                "print(gateway._rinfo().pid, flush=True); sys.stdin.read()"
            ),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
    )
    try:
        assert program.stdout is not None
        address, secret = program.stdout.readline().split()
        command = commands(address, secret=secret)
        assert int(program.stdout.readline()) > 0
        program.kill()
        command.wait(PATIENCE_S)  # it has waited for its worker
    finally:
        program.kill()
        program.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_command_and_worker(
    commands: Commands, group: xnet.Group, number: signal.Signals
) -> None:
    gateway = group.makegateway(listening(commands))
    channel = gateway.remote_exec("channel.send(1); channel.receive()")
    assert channel.receive(PATIENCE_S) == 1
    commands.started[0].send_signal(number)
    with pytest.raises(EOFError):
        channel.receive(PATIENCE_S)
    assert commands.started[0].wait(PATIENCE_S) == 128 + signal.SIGTERM


class TestRefuses:
    def test_so_052_who_does_not_know_the_secret(self, commands: Commands) -> None:
        """Whoever listens there would run code here: it must not even be answered."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            said: list[bytes] = []

            def listen() -> None:
                with listener.accept()[0] as sock:
                    sock.sendall(b"xnet-server/1 none\n")
                    while data := sock.recv(1000):
                        said.append(data)

            thread = threading.Thread(target=listen)
            thread.start()
            command = commands(f"127.0.0.1:{listener.getsockname()[1]}", secret="x" * 32)
            thread.join(PATIENCE_S)
        assert said == []
        assert command.wait(PATIENCE_S) == 1
        assert "may not be the server that is meant" in command.communicate()[1]

    def test_nobody_there(self, commands: Commands) -> None:
        command = commands("127.0.0.1:1", secret="x" * 32)
        assert command.wait(PATIENCE_S) == 1
        assert (
            "cannot reach 127.0.0.1:1: connecting failed: the connection was refused"
            in (command.communicate()[1])
        )

    @pytest.mark.parametrize(
        ("arguments", "secret", "words"),
        [
            (["127.0.0.1:1"], "", "the secret that was given has 0 bytes, expected at least 16"),
            (["127.0.0.1:1"], "short", "5 bytes"),
            (["127.0.0.1:1", "--secret-file", "/nonexistent"], "", "cannot read the secret file"),
            (["nowhere"], "x" * 32, "is not HOST:PORT"),
            (["127.0.0.1:1", "--retry", "soon"], "x" * 32, "expected seconds, not 'soon'"),
            ([], "", "the following arguments are required: HOST:PORT"),
        ],
    )
    def test_what_means_nothing(
        self, commands: Commands, arguments: list[str], secret: str, words: str
    ) -> None:
        command = commands(*arguments, secret=secret)
        err = command.communicate(timeout=PATIENCE_S)[1]
        assert command.returncode == 2
        assert words in err
        assert "Traceback" not in err

    def test_help(self, commands: Commands) -> None:
        out = commands("--help").communicate(timeout=PATIENCE_S)[0]
        assert "listen=HOST:PORT" in out
        assert "--retry SECONDS" in out
