"""The check of transports: ours pass, and each way to break the contract is found."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any, ClassVar

import pytest

from gateway_helpers import PATIENCE_S, busy
from socket_helpers import Serving
from xnet_gateway.transport_checking import check_transport
from xnet_gateway.transports import registry
from xnet_gateway.transports.base import Command, Transport
from xnet_gateway.transports.commands import SHORT_FORMS, CommandTransport, PopenTransport, SrunTransport
from xnet_gateway.transports.interpreters import worker_arguments
from xnet_gateway.transports.network import ListenTransport, SocketTransport, UnixTransport
from xnet_gateway.transports.ssh import SshTransport
from xnet_gateway.xspec import XSpec


@pytest.fixture(autouse=True)
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_transports", dict(registry._transports))


class Good(Transport):
    """What is broken below, one thing at a time."""

    key = "good"

    def route(self, spec: XSpec) -> Command:
        value = getattr(spec, self.key)
        if not isinstance(value, str) or not value or "\0" in value:
            raise ValueError(f"nothing in {str(spec)!r}: expected a word")
        return Command(["env", f"A={value}", *worker_arguments(spec, sys.executable)], "here")


class TestOurs:
    def test_popen(self) -> None:
        texts = [f"popen//python={sys.executable}"]
        assert check_transport(PopenTransport(), texts, unreachable=["popen//python=/no/python"]) == []

    def test_command(self) -> None:
        texts = [f"command=env A=b//python={sys.executable}", f"command=nice -n 1//python={sys.executable}"]
        problems = check_transport(
            CommandTransport(), texts, mistakes=["command", "command="], unreachable=["command=/no/program"]
        )
        assert problems == []

    def test_socket(self) -> None:
        with Serving(secret=None) as serving:
            problems = check_transport(
                SocketTransport(),
                [f"socket={serving.address}"],
                mistakes=["socket", "socket=x", "socket=h:0"],
                unreachable=["socket=127.0.0.1:1"],
            )
        assert problems == []

    @pytest.mark.parametrize(
        "transport",
        [*SHORT_FORMS, SrunTransport(), SshTransport("ssh"), SshTransport("vagrant_ssh")],
        ids=lambda transport: transport.key,
    )
    def test_what_is_not_here(
        self, transport: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        """Programs that this machine may have, and whose far ends it has not."""
        monkeypatch.setenv("PATH", str(tmp_path))
        problems = check_transport(
            transport, [f"{transport.key}=name"], unreachable=[f"{transport.key}=name"]
        )
        assert problems
        assert all(problem.startswith(f"'{transport.key}=name' leads nowhere: ") for problem in problems)

    @pytest.mark.parametrize(
        ("transport", "text"),
        [(UnixTransport(), "unix=/no/socket"), (ListenTransport(), "listen=192.0.2.1:1")],
    )
    def test_odd_values(self, transport: Transport, text: str) -> None:
        problems = check_transport(transport, [text], mistakes=[transport.key], unreachable=[text])
        assert [problem.partition(" ")[2][:13] for problem in problems] == ["leads nowhere"]


class Raises(Good):
    def route(self, spec: XSpec) -> Command:
        return Command(["env", f"A={spec.good.strip()}"], "here")  # type: ignore[attr-defined]


class Returns(Good):
    def route(self, spec: XSpec) -> Any:
        return ["env", "python3"]


class Starts(Good):
    started: ClassVar[list[subprocess.Popen[bytes]]] = []

    def route(self, spec: XSpec) -> Command:
        self.started.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return super().route(spec)


class Remembers(Good):
    calls = 0

    def route(self, spec: XSpec) -> Command:
        self.calls += 1
        command = super().route(spec)
        command.argv.insert(1, f"CALL={self.calls}")
        return command


class Changes(Good):
    def route(self, spec: XSpec) -> Command:
        command = super().route(spec)
        spec.python = "changed"
        return command


class SaysNothing(Good):
    def route(self, spec: XSpec) -> Command:
        try:
            return super().route(spec)
        except ValueError:
            raise ValueError("no") from None


class TakesAll(Good):
    def route(self, spec: XSpec) -> Command:
        return Command([sys.executable, "-c", "pass"], "here")


#: Runs a command and passes bytes on, but for one that a terminal would take for itself.
LOSSY = """
import os, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def back():
    while data := os.read(child.stdout.fileno(), 65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back, daemon=True).start()
while data := os.read(0, 65536):
    child.stdin.write(data.replace(bytes([4]), b""))
    child.stdin.flush()
child.stdin.close()
child.wait()
"""


class Changed(Good):
    """Bytes are changed on the way."""

    def route(self, spec: XSpec) -> Command:
        command = super().route(spec)
        command.argv = [sys.executable, "-c", LOSSY, *command.argv]
        return command


class TestOthers:
    def test_a_good_one(self) -> None:
        problems = check_transport(
            Good(), ["good=yes"], mistakes=["good"], unreachable=["good=yes//python=/no/python"]
        )
        assert problems == []

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            (Raises, "raised AttributeError"),
            (Returns, "expected a Command"),
            (Starts, "started something"),
            (Remembers, "differ"),
            (Changes, "changed the specification"),
            (SaysNothing, "does not name the specification"),
            (TakesAll, "raised no ValueError"),
        ],
    )
    def test_what_is_found(self, kind: type[Good], words: str) -> None:
        problems = check_transport(kind(), ["good=yes"], mistakes=["good"])
        for process in Starts.started:
            process.communicate(b"\n", timeout=PATIENCE_S)
        Starts.started.clear()
        assert any(words in problem for problem in problems), problems

    def test_a_way_that_changes_bytes(self) -> None:
        began_s = time.monotonic()
        problems = check_transport(Changed(), ["good=yes"])
        assert problems
        assert time.monotonic() - began_s < 40 * busy()

    def test_a_key_that_is_none(self) -> None:
        odd = Good()
        odd.key = "two words"
        assert any("its key is 'two words'" in problem for problem in check_transport(odd, ["good=yes"]))

    def test_something_that_can_be_reached_after_all(self) -> None:
        problems = check_transport(Good(), ["good=yes"], unreachable=["good=no"])
        assert problems == ["'good=no' leads somewhere, expected HostNotFound"]

    @pytest.mark.parametrize("specs", [[], "good=yes"])
    def test_what_is_no_list(self, specs: Any) -> None:
        with pytest.raises(ValueError, match="expected a list"):
            check_transport(Good(), specs)
