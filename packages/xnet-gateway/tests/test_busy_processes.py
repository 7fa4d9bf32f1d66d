"""Processes that are silent because they compute in C, and networks that are cut, under ``keepalive=``.

What holds the interpreter here is a C function that is called without letting other threads run.

Spec: FR-024, HS-024.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bare_helpers import INTERPRETERS
from gateway_helpers import PATIENCE_S, Gateways, Watched, start_program
from socket_helpers import Serving
from sshd_helpers import Sshd
from xnet_channel.threads.keepalive import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Longer than the three intervals of ssh, which knows whole seconds only.
BUSY = "import ctypes\nchannel.send(1)\nctypes.PyDLL(None).sleep(4)\nchannel.send(2)"
#: Has the kernel drop all that comes for the connection of a worker, as a cut network does.
CUT = """
import ctypes, socket, struct
gateway = channel.gateway
fd = gateway._link.fd_in if hasattr(gateway, "_link") else gateway.session.descriptors.read_fd
program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0), 8)
end = socket.socket(fileno=fd)
end.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(program)))
end.detach()
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture
def served() -> Iterator[str]:
    with Serving(secret=None, address="127.0.0.1:0") as serving:
        yield f"socket={serving.address}"


@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_a_busy_worker_behind_ssh_lives_on(gateways: Gateways, sshd: Sshd, version: str) -> None:
    path = INTERPRETERS[version]
    if path is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    gateway = gateways(f"ssh=here//ssh_config={sshd.config}//python={path}//keepalive=0.5")
    channel = gateway.remote_exec(BUSY)
    assert channel.receive(PATIENCE_S) == 1
    assert channel.receive(PATIENCE_S) == 2


def test_a_busy_worker_of_a_server_lives_on(gateways: Gateways, served: str) -> None:
    channel = gateways(f"{served}//keepalive=0.5").remote_exec(BUSY)
    assert channel.receive(PATIENCE_S) == 1
    assert channel.receive(PATIENCE_S) == 2


def test_a_busy_program_keeps_its_worker_of_a_server(served: str) -> None:
    program = start_program(
        f"gateway = make('{served}//id=gw0//keepalive=0.3')\n"
        "channel = gateway.remote_exec('for item in channel: channel.send(item)')\n"
        "import ctypes\nctypes.PyDLL(None).sleep(3)\n"
        "channel.send(1)\nprint(channel.receive(200))\nend(gateway)"
    )
    output, errors = program.communicate(timeout=PATIENCE_S)
    assert (output, program.returncode) == ("1\n", 0), errors


def test_a_cut_network_ends_both_sides(gateways: Gateways, served: str) -> None:
    gateway = gateways(f"{served}//keepalive=0.5")
    waiting = gateway.remote_exec("channel.receive()")
    with Watched(gateway._rinfo().pid) as worker:
        gateway.remote_exec(CUT)
        with pytest.raises(EOFError, match=r"nothing was heard of .* \(keepalive=0.5\)"):
            waiting.receive(PATIENCE_S)
        assert worker.wait_gone()


def test_a_worker_that_is_stopped_for_good_is_given_up(gateways: Gateways, served: str) -> None:
    interval_s = 0.05
    gateway = gateways(f"{served}//keepalive={interval_s}")
    waiting = gateway.remote_exec("channel.receive()")
    with Watched(gateway._rinfo().pid) as worker:
        began_s = time.monotonic()
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(EOFError, match="nothing was heard of"):
            waiting.receive(PATIENCE_S)
        assert time.monotonic() - began_s >= PATIENCE * interval_s


def test_ssh_says_that_the_other_machine_does_not_answer(gateways: Gateways, sshd: Sshd) -> None:
    gateway = gateways(f"ssh=here//ssh_config={sshd.config}//python={sys.executable}//keepalive=0.5")
    waiting = gateway.remote_exec("channel.receive()")
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    stopped = ancestors(gateway._rinfo().pid, sshd.process.pid)
    assert stopped
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        with pytest.raises(EOFError, match=r"status 255.*(?s:.*)not responding"):
            waiting.receive(PATIENCE_S)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def ancestors(pid: int, above: int) -> list[int]:
    """Return the processes between one and another: of sshd, one or two for a connection."""
    found: list[int] = []
    while pid not in (above, 1):
        found.append(pid)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pid = int(fields[1])
    return [one for one in found if Path(f"/proc/{one}/comm").read_text().startswith("sshd")]


def test_who_waits_does_not_ask_more_than_once_in_an_interval(gateways: Gateways, served: str) -> None:
    """What a stopped worker does not read stays little."""
    gateway = gateways(f"{served}//keepalive=0.1")
    pid = gateway._rinfo().pid
    os.kill(pid, signal.SIGSTOP)
    try:
        threading.Event().wait(2.0)
        assert gateway.hasreceiver()
        assert gateway.session.writer.backlog_bytes < 1000
    finally:
        os.kill(pid, signal.SIGCONT)
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
