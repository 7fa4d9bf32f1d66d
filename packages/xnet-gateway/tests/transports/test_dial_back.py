"""``listen=``: who is told where, how long is waited, what means nothing."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Gateways, Watched
from socket_helpers import SECRET
from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway
from xnet_gateway.resolved import resolve
from xnet_gateway.sockets.authentication import BRINGING
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.starting import begin
from xnet_gateway.transports.dial_back import reachable
from xnet_gateway.xspec import XSpec


class Bringing:
    """Brings a worker as soon as somebody listens, as ``python -m xnet connect`` does."""

    def __init__(self) -> None:
        self.workers: list[subprocess.Popen[bytes]] = []
        self.told: list[tuple[str, bytes]] = []
        self._threads: list[threading.Thread] = []

    def __call__(self, address: str, secret: bytes) -> None:
        self.told.append((address, secret))
        thread = threading.Thread(target=self._bring, args=(address, secret))
        thread.start()
        self._threads.append(thread)

    def _bring(self, address: str, secret: bytes) -> None:
        fd = dial(address, secret=secret, tls=None, timeout_s=PATIENCE_S, parties=BRINGING)
        with open(fd, "rb", buffering=0) as connection:
            command = [sys.executable, "-u", "-c", FIRST_LINE]
            self.workers.append(subprocess.Popen(command, stdin=connection, stdout=connection))

    def end(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for worker in self.workers:
            assert worker.wait(PATIENCE_S) is not None


@pytest.fixture
def bringing() -> Iterator[Bringing]:
    one = Bringing()
    yield one
    one.end()


def to_come(text: str, bringing: Bringing) -> XSpec:
    spec = XSpec(f"listen=127.0.0.1:0//id=gw0{text}")
    spec.when_listening = bringing
    return spec


def silently(text: str) -> XSpec:
    spec = XSpec(text)
    spec.when_listening = lambda _address, _secret: None
    return spec


def ended(gateway: Gateway) -> None:
    gateway.exit()
    gateway.join(PATIENCE_S)
    assert not gateway.hasreceiver()


def test_a_worker_that_comes(bringing: Bringing, tmp_path: object) -> None:
    gateway = begin(to_come(f"//chdir={tmp_path}//env:A=b", bringing)).finish()
    channel = gateway.remote_exec("import os; channel.send((os.getcwd(), os.environ['A'], os.getpid()))")
    assert channel.receive(PATIENCE_S) == (str(tmp_path), "b", bringing.workers[0].pid)
    assert gateway.remoteaddress.startswith("127.0.0.1:")
    [(address, secret)] = bringing.told
    assert address.startswith("127.0.0.1:")
    assert len(secret) == 64
    ended(gateway)


def test_its_death(bringing: Bringing) -> None:
    gateway = begin(to_come("", bringing)).finish()
    channel = gateway.remote_exec("channel.send(1); channel.receive()")
    assert channel.receive(PATIENCE_S) == 1
    bringing.workers[0].kill()
    with pytest.raises(EOFError, match="ended"):
        channel.receive(PATIENCE_S)


def test_several_wait_at_the_same_time(bringing: Bringing) -> None:
    pending = [begin(to_come(f"{number}", bringing)) for number in range(3)]
    assert len({address for address, _ in bringing.told}) == 3
    for gateway in [one.finish() for one in pending]:
        ended(gateway)


def test_nobody_comes_and_nobody_waits_any_more(
    gateways: Gateways, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(HostNotFound, match=r"within 0\.2 s; none tried"):
        gateways("listen=127.0.0.1:0//listen_timeout=0.2")
    said = capfd.readouterr().err
    assert "gateway gw0 waits 0.2 s" in said
    assert "python -m xnet connect 127.0.0.1:" in said
    assert "this secret when it asks: " in said
    pending = begin(XSpec("listen=127.0.0.1:0//id=gw1"))
    pending.abandon()
    address = capfd.readouterr().err.partition("connect ")[2].partition("\n")[0]
    with pytest.raises(HostNotFound, match="refused"):
        dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S)


def test_all_or_none_and_who_came_is_let_go(bringing: Bringing) -> None:
    """One of two does not come: the other is there already and must not wait for ever."""
    came = begin(to_come("1", bringing))
    assert came._worker._reception._over.wait(PATIENCE_S)  # type: ignore[attr-defined]
    with pytest.raises(HostNotFound, match="none tried"):
        begin(silently("listen=127.0.0.1:0//id=gw2//listen_timeout=0.1")).finish()
    came.abandon()
    # ``bringing`` waits for the end of its worker.


def test_a_program_that_wants_an_interpreter_is_not_taken_for_one(bringing: Bringing) -> None:
    """Spec: SO-053. Each would wait for the other's first words."""
    spec = to_come("", bringing)
    told: list[tuple[str, bytes]] = []
    spec.when_listening = lambda address, secret: told.append((address, secret))
    pending = begin(spec)
    [(address, secret)] = told
    with pytest.raises(HostNotFound, match="the program that listens there waits for a worker"):
        dial(address, secret=secret, tls=None, timeout_s=PATIENCE_S)
    bringing(address, secret)
    ended(pending.finish())


def test_a_worker_that_floods_what_it_should_begin_with() -> None:
    """It has proved itself, and says no preamble, but as much else as it can. Spec: HS-004."""
    told: list[tuple[str, bytes]] = []
    spec = XSpec("listen=127.0.0.1:0//id=gw0")
    spec.when_listening = lambda address, secret: told.append((address, secret))
    pending = begin(spec)
    [(address, secret)] = told
    fd = dial(address, secret=secret, tls=None, timeout_s=PATIENCE_S, parties=BRINGING)

    def flood() -> None:
        with socket.socket(fileno=fd) as worker, contextlib.suppress(OSError):
            worker.settimeout(PATIENCE_S)
            while True:
                worker.sendall(b"x" * 65_536)

    thread = threading.Thread(target=flood)
    thread.start()
    with pytest.raises(HostNotFound, match="no gateway for 'listen="):
        pending.finish()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_an_interrupt_lets_go_of_a_worker_that_has_come() -> None:
    """It comes in the moment of the interrupt, which the program survives. Spec: SO-050."""
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import os, signal, sys\n"
                "from xnet_gateway import XSpec, begin\n"
                "from xnet_gateway.sockets.reception import Reception\n"
                "class Interrupted(Reception):\n"
                "    def _give_process(self, connection):\n"
                "        super()._give_process(connection)\n"
                "        os.kill(os.getpid(), signal.SIGINT)\n"
                "from xnet_gateway.transports import dial_back\n"
                "dial_back.Reception = Interrupted\n"
                "spec = XSpec('listen=127.0.0.1:0//id=x')\n"
                "spec.when_listening = lambda address, secret: print(address, secret.decode(), flush=True)\n"
                "try: begin(spec).finish()\n"
                "except KeyboardInterrupt: print('interrupted', flush=True)\n"
                "sys.stdin.read()"
            ),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        address, secret = program.stdout.readline().split()
        fd = dial(address, secret=secret.encode(), tls=None, timeout_s=PATIENCE_S, parties=BRINGING)
        assert program.stdout.readline() == "interrupted\n"
        with socket.socket(fileno=fd) as worker:
            worker.settimeout(PATIENCE_S)
            assert worker.recv(1) == b""
    finally:
        program.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("asked", "bound", "told"),
    [
        ("127.0.0.1:0", "127.0.0.1:4321", "127.0.0.1:4321"),
        ("localhost:0", "127.0.0.1:4321", "localhost:4321"),
        ("build7.example:80", "10.0.0.7:80", "build7.example:80"),
        ("[::1]:0", "[::1]:4321", "[::1]:4321"),
        ("*:0", "0.0.0.0:4321", f"{socket.gethostname()}:4321"),
        ("[::]:0", "[::]:4321", f"{socket.gethostname()}:4321"),
        ("/run/x", "/run/x", "/run/x"),
    ],
)
def test_the_address_that_others_can_use(asked: str, bound: str, told: str) -> None:
    assert reachable(bound, asked) == told


def test_nobody_can_be_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret that nobody hears of would let nobody in; one that was given is known already."""
    closed = (tmp_path / "closed").open("w")
    closed.close()
    for nowhere in (closed, None):
        monkeypatch.setattr(sys, "stderr", nowhere)
        monkeypatch.delenv("XNET_SECRET", raising=False)
        with pytest.raises(ValueError, match="there is no way to show the secret for 'listen="):
            begin(XSpec("listen=127.0.0.1:0//id=x"))
        monkeypatch.setenv("XNET_SECRET", SECRET.decode())
        begin(XSpec("listen=127.0.0.1:0//id=x")).abandon()


def test_at_a_path(bringing: Bringing, tmp_path: Path) -> None:
    spec = XSpec(f"listen={tmp_path}/s//id=gw0")
    spec.when_listening = bringing
    gateway = begin(spec).finish()
    assert bringing.told[0][0] == f"{tmp_path}/s"
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    ended(gateway)


def test_a_secret_that_was_given_is_not_shown(
    gateways: Gateways, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XNET_SECRET", SECRET.decode())
    with pytest.raises(HostNotFound):
        gateways("listen=127.0.0.1:0//listen_timeout=0.1")
    said = capfd.readouterr().err
    assert "python -m xnet connect" in said
    assert SECRET.decode() not in said


def test_an_interrupt_ends_the_wait() -> None:
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from xnet_gateway import XSpec, begin; begin(XSpec('listen=127.0.0.1:0//id=x')).finish()",
        ],
        stderr=subprocess.PIPE,
    )
    assert program.stderr is not None
    assert b"waits 600 s" in program.stderr.readline()
    with Watched(program.pid) as process:
        program.send_signal(2)
        assert process.wait_gone()
    assert b"KeyboardInterrupt" in program.communicate(timeout=PATIENCE_S)[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("listen", "expected HOST:PORT"),
        ("listen=nowhere", "expected HOST:PORT"),
        ("listen=h:99999", "expected HOST:PORT"),
        ("listen=relative/path", "a path must be absolute"),
        ("listen=/run/a\0b", "expected HOST:PORT"),
        ("listen=127.0.0.1:0//via=gw0", "the worker connects to us"),
        ("listen=127.0.0.1:0//tls", "TLS without tls_cert="),
        ("listen=127.0.0.1:0//listen_timeout=never", "expected seconds"),
        ("listen=127.0.0.1:0//listen_timeout=0", "expected seconds"),
        ("listen=127.0.0.1:0//listen_timeout=nan", "expected seconds"),
        ("listen=127.0.0.1:0//socket=h:1", "more than one transport"),
        ("listen=127.0.0.1:0//stdout=inherit", "only for popen"),
    ],
)
def test_what_means_nothing(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        resolve(XSpec(text))


def test_whom_to_tell_is_a_function() -> None:
    with pytest.raises(ValueError, match="a function of address and secret"):
        begin(XSpec("listen=127.0.0.1:0//id=x//when_listening=abc"))


def test_a_place_that_is_not_ours() -> None:
    with pytest.raises(HostNotFound, match=r"cannot listen on 192\.0\.2\.1:1.*listen=192"):
        begin(XSpec("listen=192.0.2.1:1//id=x"))
