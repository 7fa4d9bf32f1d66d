"""``listen=``: who is told where, how long is waited, what means nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from gateway_helpers import PATIENCE_S, Gateways, Watched
from socket_helpers import SECRET
from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.starting import begin, check
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
        fd = dial(address, secret=secret, tls=None, timeout_s=PATIENCE_S)
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
    with pytest.raises(HostNotFound, match=r"within 0\.2 seconds; nobody tried"):
        gateways("listen=127.0.0.1:0//listen_timeout=0.2")
    said = capfd.readouterr().err
    assert "gateway gw0 waits 0.2 seconds" in said
    assert "python -m xnet connect 127.0.0.1:" in said
    assert "this secret when it asks: " in said
    pending = begin(XSpec("listen=127.0.0.1:0//id=gw1"))
    pending.abandon()
    address = capfd.readouterr().err.partition("connect ")[2].partition("\n")[0]
    with pytest.raises(HostNotFound, match="refused"):
        dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S)


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
    assert b"waits 600 seconds" in program.stderr.readline()
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
        ("listen=127.0.0.1:0//via=gw0", "the worker connects to us"),
        ("listen=127.0.0.1:0//tls", "TLS without tls_cert="),
        ("listen=127.0.0.1:0//listen_timeout=never", "expected seconds"),
        ("listen=127.0.0.1:0//listen_timeout=0", "expected seconds"),
        ("listen=127.0.0.1:0//listen_timeout=nan", "expected seconds"),
        ("listen=127.0.0.1:0//socket=h:1", "more than one way"),
        ("listen=127.0.0.1:0//stdout=inherit", "only for popen"),
    ],
)
def test_what_means_nothing(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(XSpec(text))


def test_whom_to_tell_is_a_function() -> None:
    with pytest.raises(ValueError, match="a function of address and secret"):
        begin(XSpec("listen=127.0.0.1:0//id=x//when_listening=abc"))


def test_a_place_that_is_not_ours() -> None:
    with pytest.raises(HostNotFound, match=r"cannot listen on 192\.0\.2\.1:1.*listen=192"):
        begin(XSpec("listen=192.0.2.1:1//id=x"))
