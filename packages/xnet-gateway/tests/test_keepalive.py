"""``keepalive=``: frozen processes are noticed from both ends; who was stopped itself accuses nobody.

Spec: FR-024, FR-025, FR-026, HS-024. The machine is in xnet-channel's test_keepalive.py.
"""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from bare_helpers import INTERPRETERS, RawWorker, frame
from gateway_helpers import PATIENCE_S, Gateways, Watched, start_program
from socket_helpers import Serving
from xnet_gateway.resolved import resolve
from xnet_gateway.spec_rules import NETWORK_KEEPALIVE_S, parse_keepalive
from xnet_gateway.xspec import XSpec
from xnet_wire import frames
from xnet_wire.messages import Hello
from xnet_wire.values import encode

INTERVAL_S = 1.0
#: The interpreters that a frozen initiator is tried with: ours, and where the bare worker differs most.
WORKERS = ["popen", "popen//python=2.7", "popen//python=3.6", "popen//python=3.13", "popen//python=pypy3"]


def filled(text: str) -> str:
    """Put the path of an interpreter into a specification, or skip."""
    head, _, version = text.partition("//python=")
    if not version:
        return text
    path = INTERPRETERS[version]
    if path is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    return f"{head}//python={path}"


@pytest.mark.parametrize("text", WORKERS)
def test_a_frozen_worker(gateways: Gateways, text: str) -> None:
    gateway = gateways(f"{filled(text)}//keepalive={INTERVAL_S}")
    channel = gateway.remote_exec("channel.send(1); channel.receive()")
    assert channel.receive(PATIENCE_S) == 1
    sender = gateway.remote_exec("import time; time.sleep(3600)")
    with Watched(gateway.pid) as process:
        began_s = time.monotonic()
        os.kill(gateway.pid, signal.SIGSTOP)
        with pytest.raises(EOFError, match=r"nothing was heard of .* \(keepalive=1\).*frozen"):
            channel.receive(PATIENCE_S)
        assert time.monotonic() - began_s >= 2 * INTERVAL_S - 0.05
        with pytest.raises(OSError, match="nothing was heard"):
            sender.send(1)
        assert process.wait_gone()


def test_a_sender_that_waits_for_credit(gateways: Gateways) -> None:
    gateway = gateways(f"popen//keepalive={INTERVAL_S}")
    channel = gateway.remote_exec("import time; time.sleep(3600)")
    os.kill(gateway.pid, signal.SIGSTOP)
    items = (b"x" * 1_000_000 for _ in range(100))
    with pytest.raises((OSError, EOFError), match="nothing was heard"):
        channel.send_many(items)


def test_a_long_item_is_no_silence(gateways: Gateways) -> None:
    gateway = gateways(f"popen//keepalive={INTERVAL_S}")
    channel = gateway.remote_exec("for item in channel: channel.send(item)")
    for _ in range(5):
        channel.send(b"x" * 30_000_000)
        assert len(channel.receive(PATIENCE_S)) == 30_000_000


@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_fr_026_a_worker_whose_words_are_taken_slowly_lives_on(version: str) -> None:
    """The initiator reads on a slow line and says nothing."""
    if INTERPRETERS[version] is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    with RawWorker(version, buffer_bytes=4096) as worker:
        worker.greet(Hello("a test", config={"keepalive": 1000}, credit=2**20))
        source = encode({"source": "channel.send(b'x' * 900000); channel.receive()"})
        worker.say(frame(frames.CHANNEL_EXEC, 1, source))
        pause = threading.Event()
        until_s = time.monotonic() + 4
        while time.monotonic() < until_s:
            assert worker.end.recv(2_000)
            pause.wait(0.01)
        assert worker.process.poll() is None


@pytest.mark.parametrize("text", WORKERS)
def test_an_idle_gateway_lives_on(gateways: Gateways, text: str) -> None:
    gateway = gateways(f"{filled(text)}//keepalive=1")
    channel = gateway.remote_exec("channel.send(1); channel.receive()")
    assert channel.receive(PATIENCE_S) == 1
    threading.Event().wait(5)  # five intervals
    channel.send(2)
    channel.waitclose(PATIENCE_S)


@pytest.mark.parametrize("text", WORKERS)
def test_hs_024_a_frozen_initiator(text: str) -> None:
    program = start_program(
        f"gateway = make({filled(text) + f'//id=gw0//keepalive={INTERVAL_S}'!r})\n"
        "print(gateway.pid, flush=True)\nsys.stdin.read()"
    )
    try:
        assert program.stdout is not None
        with Watched(int(program.stdout.readline())) as worker:
            program.send_signal(signal.SIGSTOP)
            assert worker.wait_gone()
    finally:
        program.kill()
        program.communicate(timeout=PATIENCE_S)


def test_hs_024_a_frozen_client_of_a_server() -> None:
    """Its kernel answers, so the worker waits longer; but not for ever."""
    with Serving(secret=None, address="127.0.0.1:0") as serving:
        program = start_program(
            f"gateway = make('socket={serving.address}//id=gw0//keepalive=0.1')\n"
            "print(gateway._rinfo().pid, flush=True)\nsys.stdin.read()"
        )
        try:
            assert program.stdout is not None
            with Watched(int(program.stdout.readline())) as worker:
                program.send_signal(signal.SIGSTOP)
                assert worker.wait_gone()
        finally:
            program.kill()
            program.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("text", WORKERS)
def test_fr_025_who_was_stopped_itself_asks_again_first(text: str) -> None:
    program = start_program(
        f"gateway = make({filled(text) + f'//id=gw0//keepalive={INTERVAL_S}'!r})\n"
        "channel = gateway.remote_exec('for item in channel: channel.send(item)')\n"
        "print(gateway.pid, flush=True)\n"
        "for line in sys.stdin:\n"
        "    channel.send(line)\n"
        "    print(channel.receive(200), end='', flush=True)\n"
    )
    assert program.stdout is not None
    assert program.stdin is not None
    try:
        worker = int(program.stdout.readline())
        for _ in range(3):
            # Both: as when a machine sleeps. The worker's end is not to accuse its initiator either.
            program.send_signal(signal.SIGSTOP)
            os.kill(worker, signal.SIGSTOP)
            threading.Event().wait(4 * INTERVAL_S)
            os.kill(worker, signal.SIGCONT)
            program.send_signal(signal.SIGCONT)
            program.stdin.write("still here\n")
            program.stdin.flush()
            assert program.stdout.readline() == "still here\n"
    finally:
        program.kill()
        program.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("popen", 0.0),
        ("popen//python=python3", 0.0),
        ("command=env", 0.0),
        ("docker=web", 0.0),
        ("unix=/run/x", 0.0),
        ("popen//via=gw0", 0.0),
        ("ssh=host", NETWORK_KEEPALIVE_S),
        ("vagrant_ssh=host", NETWORK_KEEPALIVE_S),
        ("socket=host:1", NETWORK_KEEPALIVE_S),
        ("kubectl=pod", NETWORK_KEEPALIVE_S),
        ("srun", NETWORK_KEEPALIVE_S),
        ("ssh=host//keepalive=0", 0.0),
        ("ssh=host//keepalive=2.5", 2.5),
        ("popen//keepalive=5", 5.0),
    ],
)
def test_what_is_watched(text: str, seconds: float) -> None:
    assert resolve(XSpec(text)).keepalive_s == seconds


@pytest.mark.parametrize("value", ["", "=", "=soon", "=-1", "=0.01", "=nan", "=inf", "=86401"])
def test_values_that_mean_nothing(value: str) -> None:
    with pytest.raises(ValueError, match=r"keepalive.* in the gateway specification .*expected seconds from"):
        parse_keepalive(XSpec(f"ssh=host//keepalive{value}"))
