"""The middle of a ``via`` gateway, driven by hand: it only copies bytes. See also test_via.py."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bare_helpers import INTERPRETERS, BareGateways
from gateway_helpers import PATIENCE_S, Watched
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.bare import relay_program
from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.gateway import Gateway

PYTHON = relay_program.THIS_PYTHON
#: Says which environment it has, then echoes.
ECHO = (
    "import os,sys; sys.stdout.write(os.environ.get('ANSWER', '') + os.getcwd() + '\\n')\n"
    "sys.stdout.flush()\n"
    "while 1:\n chunk = os.read(0, 9999)\n if not chunk: break\n os.write(1, chunk)"
)


def order(gateway: Gateway, route: dict[str, object]) -> tuple[int, Channel, Channel]:
    data, control = gateway.newchannel(), gateway.newchannel()
    task = gateway.remote_exec(relay_program)
    task.send((route, data, control))
    return task.receive(PATIENCE_S), data, control


def command(*argv: str, stdio: str = "pipes", cwd: str | None = None, **env: str) -> dict[str, object]:
    return {"argv": list(argv), "env": env, "cwd": cwd, "stdio": stdio}


@pytest.mark.parametrize(("word", "status"), [("kill", -15), ("kill-now", -9)])
def test_orders_and_reports(shared: Gateway, word: str, status: int) -> None:
    pid, data, control = order(shared, command(PYTHON, "-u", "-c", FIRST_LINE))
    process = Watched(pid)
    control.send(word)
    got, words = control.receive(PATIENCE_S)
    assert got == status
    assert "SIGTERM" in words or "SIGKILL" in words
    assert str(pid) in words
    assert process.wait_gone(PATIENCE_S)
    with pytest.raises(EOFError):
        data.receive(PATIENCE_S)
    with pytest.raises(EOFError):
        control.receive(PATIENCE_S)


def test_a_process_that_ignores_sigterm_is_killed_a_moment_later(shared: Gateway) -> None:
    program = "import signal,sys,os; signal.signal(15, signal.SIG_IGN); os.write(1, b'x'); signal.pause()"
    _, data, control = order(shared, command(PYTHON, "-c", program))
    assert data.receive(PATIENCE_S) == b"x"
    control.send("kill")
    assert control.receive(PATIENCE_S)[0] == -9


@pytest.mark.parametrize("stdio", ["pipes", "socket"])
def test_the_process_ends_when_its_data_channel_does(shared: Gateway, stdio: str) -> None:
    pid, data, control = order(shared, command(PYTHON, "-u", "-c", FIRST_LINE, stdio=stdio))
    process = Watched(pid)
    data.close()
    assert control.receive(PATIENCE_S)[0] is not None
    assert process.wait_gone(PATIENCE_S)


@pytest.mark.parametrize("version", INTERPRETERS)
def test_bytes_both_ways_on_every_interpreter(bare: BareGateways, version: str, tmp_path: Path) -> None:
    gateway = bare(version)
    place = str(tmp_path / "made")
    _, data, control = order(gateway, command(PYTHON, "-u", "-c", ECHO, cwd=place, ANSWER="yes "))
    assert data.receive(PATIENCE_S) == b"yes " + os.path.realpath(place).encode() + b"\n"
    payload = bytes(range(256)) * 2000
    data.send(payload)
    got = b""
    while len(got) < len(payload):
        got += data.receive(PATIENCE_S)
    assert got == payload
    data.close()
    assert control.receive(PATIENCE_S)[0] == 0


@pytest.mark.parametrize("version", ["2.7", "3.11"])
def test_an_address(bare: BareGateways, version: str) -> None:
    gateway = bare(version)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        pid, data, _ = order(gateway, {"address": f"127.0.0.1:{server.getsockname()[1]}"})
        assert pid == 0
        with server.accept()[0] as theirs:
            theirs.settimeout(PATIENCE_S)
            data.send(b"to it")
            assert theirs.recv(100) == b"to it"
            theirs.sendall(b"from it")
            assert data.receive(PATIENCE_S) == b"from it"
            data.close()
            assert theirs.recv(100) == b""


def test_a_program_that_is_not_there(shared: Gateway) -> None:
    with pytest.raises(RemoteError, match="no-such-program"):
        order(shared, command("/no-such-program"))


def test_an_address_where_nobody_listens(shared: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(RemoteError, match="refused"):
        order(shared, {"address": f"127.0.0.1:{port}"})


@pytest.mark.parametrize("version", ["2.7", "3.11"])
@pytest.mark.parametrize("stdio", ["pipes", "socket"])
def test_the_last_words_are_in_the_sentence(bare: BareGateways, version: str, stdio: str) -> None:
    program = "import os,sys; os.write(2, b'first\\n' * 5000 + b'no such host\\n'); sys.exit(3)"
    _, _, control = order(bare(version), command(PYTHON, "-c", program, stdio=stdio))
    status, words = control.receive(PATIENCE_S)
    assert status == 3
    assert words.endswith("first\nno such host")
    assert len(words) < 5000


def test_who_holds_the_output_open_does_not_hold_up_the_sentence(shared: Gateway) -> None:
    program = "import os; os.write(2, b'gone\\n'); os.fork() and os._exit(4); os.execlp('cat', 'cat')"
    _, data, control = order(shared, command(PYTHON, "-c", program))
    status, words = control.receive(PATIENCE_S)  # the child that is left reads on until `data` is closed
    assert status == 4
    assert words.endswith("gone")
    data.close()
