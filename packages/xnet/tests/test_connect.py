"""``python -m xnet connect``, as a user runs it, and the program that listens.

Spec: SO-050 to SO-052.
"""

from __future__ import annotations

import contextlib
import os
import pty
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

PATIENCE_S = 200.0
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


def test_a_worker_does_not_get_the_secret_that_the_command_has(
    commands: Commands, group: xnet.Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by its name nor in what its process was started with."""
    spec = xnet.XSpec(f"listen=127.0.0.1:0//listen_timeout={PATIENCE_S}//id=far")

    def told(address: str, secret: bytes) -> None:
        monkeypatch.setitem(ENVIRONMENT, "XNET_SECRET", secret.decode())
        commands(address)

    spec.when_listening = told
    look = "import os; channel.send(('XNET_SECRET' in os.environ, open('/proc/self/environ').read()))"
    seen, began_with = group.makegateway(spec).remote_exec(look).receive(PATIENCE_S)
    assert (seen, "XNET_SECRET" in began_with) == (False, False)


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


def test_a_program_that_leaves_is_tried_again(commands: Commands, group: xnet.Group) -> None:
    """It has let the worker in, waited for another one in vain, and begins anew."""
    spec, nobody = listening(commands, "--retry", str(PATIENCE_S)), xnet.XSpec("listen=127.0.0.1:0")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    spec.listen = f"127.0.0.1:{port}"
    nobody.listen_timeout = "5"  # so long the program has to connect
    nobody.when_listening = lambda _address, _secret: None
    again = xnet.XSpec(f"listen=127.0.0.1:{port}")
    secrets: list[bytes] = []
    connect = spec.when_listening
    assert connect is not None

    def remember(address: str, secret: bytes) -> None:
        secrets.append(secret)
        connect(address, secret)

    spec.when_listening = remember
    again.when_listening = lambda _address, _secret: None
    with pytest.raises(xnet.HostNotFound, match="none tried"):
        group.makegateways([nobody, spec])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XNET_SECRET", secrets[0].decode())
        gateway = group.makegateway(again)
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    group.terminate(PATIENCE_S)
    [command] = commands.started
    err = command.communicate(timeout=PATIENCE_S)[1]
    assert command.returncode == 0
    assert f"closed the connection without using it; trying again for {PATIENCE_S:.0f} s" in err


@contextlib.contextmanager
def stranger(says: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Listen for one, say something, and collect what it says."""
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)

        def listen() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as sock:
                sock.settimeout(PATIENCE_S)
                sock.sendall(says)
                while data := sock.recv(1000):
                    said.append(data)

        thread = threading.Thread(target=listen)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", said
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


NONCE = b"ab" * 32


def test_an_ignored_signal_stays_ignored(commands: Commands, group: xnet.Group) -> None:
    """As with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        gateway = group.makegateway(listening(commands))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    [command] = commands.started
    command.send_signal(signal.SIGHUP)
    assert gateway.remote_exec("channel.send(2)").receive(PATIENCE_S) == 2
    assert command.poll() is None


def test_interrupted_twice_it_ends(commands: Commands, group: xnet.Group) -> None:
    """Once is for what is executed, and would come from the terminal; the connection is still there then."""
    gateway = group.makegateway(listening(commands))
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    [command] = commands.started
    assert command.stderr is not None
    assert "connected" in command.stderr.readline()
    command.send_signal(signal.SIGINT)
    assert "interrupt again to end the interpreter" in command.stderr.readline()
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    command.send_signal(signal.SIGINT)
    words = command.stderr.readline()
    if "interrupt again" in words:  # a machine on which that took more than three seconds
        command.send_signal(signal.SIGINT)
    assert command.wait(PATIENCE_S) == 128 + signal.SIGTERM


class TestRefuses:
    @pytest.mark.parametrize(
        ("says", "words"),
        [
            (b"xnet-initiator/1 none\n", "may not be the server you mean"),
            (b"xnet-server/1 none\n", "the server that listens there provides interpreters"),
            (b"xnet-initiator/1 hmac-sha1 " + NONCE + b"\n", "wrong form"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "it is not an xnet initiator: it said 'SSH-2.0-OpenSSH_9.2'"),
            (b"HTTP/1.1 408 Request Timeout\r\n\r\n", "it is not an xnet initiator: it said 'HTTP/1.1 408"),
            (bytes(range(256)) * 3, "it is not an xnet initiator"),
        ],
    )
    def test_so_052_who_is_not_the_one(self, commands: Commands, says: bytes, words: str) -> None:
        """Whoever listens there would run code here: it must not even be answered. Spec: SO-052."""
        with stranger(says) as (address, said):
            command = commands(address, secret="x" * 32)
            err = command.communicate(timeout=PATIENCE_S)[1]
        assert said == []
        assert command.returncode == 1
        assert words in err
        assert "connected" not in err

    @pytest.mark.parametrize("verdict", [b"ok", b"ok " + NONCE, b"echo", b"no the secret is wrong", b""])
    def test_so_052_who_does_not_know_the_secret(
        self, commands: Commands, verdict: bytes, tmp_path: Path
    ) -> None:
        """What it says behind its verdict is what our worker would execute. Spec: SO-052, SO-016."""
        mark = tmp_path / "mark"
        code = f"open({str(mark)!r}, 'w').close()\n".encode()
        code = b"%06d" % len(code) + code
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def listen() -> None:
                with listener.accept()[0] as sock, sock.makefile("rb") as lines:
                    sock.settimeout(PATIENCE_S)
                    sock.sendall(b"xnet-initiator/1 hmac-sha256 " + NONCE + b"\n")
                    answer = lines.readline(1000).split()
                    words = b"ok " + answer[-1] if verdict == b"echo" else verdict
                    with contextlib.suppress(OSError):
                        sock.sendall(b"xnet-initiator/1 " + words + b"\n" + code)
                        lines.read()

            thread = threading.Thread(target=listen)
            thread.start()
            # It may be tried again as long as it likes: it is not, whoever does not know it will not learn.
            command = commands(
                f"127.0.0.1:{listener.getsockname()[1]}", "--retry", str(PATIENCE_S), secret="x" * 32
            )
            err = command.communicate(timeout=PATIENCE_S)[1]
            thread.join(PATIENCE_S)
        assert command.returncode == 1
        assert "authentication failed: the server " in err
        assert "trying again" not in err
        assert not mark.exists()

    def test_a_server_that_gives_interpreters(self, commands: Commands, tmp_path: Path) -> None:
        """Two workers would wait for each other for ever. Spec: SO-053."""
        secret = "x" * 32
        server = subprocess.Popen(
            [sys.executable, "-m", "xnet", "serve"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**ENVIRONMENT, "XNET_SECRET": secret},
            text=True,
        )
        try:
            assert server.stdout is not None
            command = commands(server.stdout.readline().split()[-1], secret=secret)
            err = command.communicate(timeout=PATIENCE_S)[1]
        finally:
            server.terminate()
            server.communicate(timeout=PATIENCE_S)
        assert command.returncode == 1
        assert "reach it with the gateway specification socket=HOST:PORT" in err

    @pytest.mark.parametrize(
        ("arguments", "secret", "words"),
        [(["--retry", "60"], {"XNET_SECRET": "x" * 32}, "for 60 s\n"), ([], {}, "secret: ")],
    )
    def test_an_interrupt_is_no_traceback(
        self, arguments: list[str], secret: dict[str, str], words: str
    ) -> None:
        """While it tries again, and while it asks for the secret on a terminal."""
        ours, theirs = pty.openpty()
        command = subprocess.Popen(
            [*CONNECT, "127.0.0.1:1", *arguments],
            stdin=theirs,
            stderr=subprocess.PIPE,
            env={**ENVIRONMENT, **secret},
            start_new_session=True,  # it has no other terminal
            text=True,
        )
        os.close(theirs)
        with command, open(ours, "wb", buffering=0):
            assert command.stderr is not None
            said = ""
            while not said.endswith(words) and command.poll() is None:
                said += command.stderr.read(1)
            command.send_signal(signal.SIGINT)
            assert command.wait(PATIENCE_S) == 128 + signal.SIGINT
            assert "Traceback" not in command.stderr.read()

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
            (["127.0.0.1:1"], "", "the secret has 0 bytes, expected at least 16"),
            (["127.0.0.1:1"], "short", "5 bytes"),
            (["127.0.0.1:1", "--secret-file", "/nonexistent"], "", "cannot read the secret file"),
            (["nowhere"], "x" * 32, "is not HOST:PORT"),
            (["127.0.0.1:1", "--retry", "soon"], "x" * 32, "expected seconds, not 'soon'"),
            ([], "", "Missing argument 'HOST:PORT'"),
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
