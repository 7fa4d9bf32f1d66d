"""``via=`` a worker that does not execute Python: with the service ``relay``, or refused. Spec: RL-001."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from gateway_helpers import MEGABYTE, PATIENCE_S, Gateways
from xnet_gateway.gateway import Gateway
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec

#: Our worker, which says that it executes another language, and refuses Python; started as others are.
OTHER = """
import os, socket, sys
sys.path[:0] = {path!r}
from xnet_gateway.worker import exec_task, main, worker
from xnet_wire import messages

class Hello(messages.Hello):
    def __init__(self, implementation, features):
        features = tuple(name.replace("exec.python", "exec.other") for name in features)
        super().__init__(implementation, features=[name for name in features if name not in {without!r}])

exec_task.LANGUAGE = "other"
worker.messages.Hello = Hello
ours, theirs = socket.socketpair()
def copy(read, write, end):
    while True:
        data = read()
        if not data:
            return end()
        write(data)
import threading
out = os.dup(1)
os.dup2(2, 1)
given = os.dup(0)
def up():
    copy(lambda: os.read(given, 65536), ours.sendall, lambda: ours.shutdown(socket.SHUT_WR))
def down():
    copy(lambda: ours.recv(65536), lambda data: os.write(out, data), lambda: os.close(out))
threading.Thread(target=up, daemon=True).start()
last = threading.Thread(target=down)
last.start()
main.main(theirs.detach(), "other")
"""


def other(gateways: Gateways, tmp_path: Path, without: tuple[str, ...] = ()) -> Gateway:
    script = tmp_path / "other.py"
    script.write_text(OTHER.format(path=sys.path, without=without))
    return gateways(f"popen//id=hop//worker={shlex.join([sys.executable, str(script)])}")


def test_rl_001_a_worker_in_another_language_is_gone_through(gateways: Gateways, tmp_path: Path) -> None:
    hop = other(gateways, tmp_path)
    assert (hop.languages(), "relay" in hop.services()) == (["other"], True)
    far = gateways(f"popen//python={sys.executable}//via=hop//id=far", hop)
    assert "via hop" in far.remoteaddress
    channel = far.remote_exec("for item in channel: channel.send(item)")
    for item in (1, b"y" * 3 * MEGABYTE, {"a": [None]}):
        channel.send(item)
        assert channel.receive(PATIENCE_S) == item
    far.exit()
    assert far.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("spec", "without", "problem"),
    [
        (
            f"popen//python={sys.executable}",
            ("service.relay",),
            "other, and has no service 'relay': expected a gateway that executes Python or has that service",
        ),
        ("popen", (), "other, and popen means its interpreter: expected python= or worker= as well"),
    ],
)
def test_what_cannot_be_done_there_is_a_sentence(
    gateways: Gateways, tmp_path: Path, spec: str, without: tuple[str, ...], problem: str
) -> None:
    hop = other(gateways, tmp_path, without)
    with pytest.raises(
        ValueError, match=r"gateway hop, through which the gateway specification .* should go, executes"
    ) as caught:
        begin(XSpec(f"{spec}//via=hop//id=far"), hop)
    assert problem in str(caught.value)
