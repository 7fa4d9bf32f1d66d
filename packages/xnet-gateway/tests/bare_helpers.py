"""Bare workers for tests: every interpreter of this machine, started and ended."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from gateway_helpers import PATIENCE_S
from xnet_gateway.bare.bootstrap import FIRST_LINE, WORKER, first_bytes
from xnet_gateway.gateway import Gateway
from xnet_gateway.process import WorkerProcess
from xnet_gateway.transports.base import Connected
from xnet_gateway.xspec import XSpec
from xnet_wire import frames
from xnet_wire.hello import encode_hello
from xnet_wire.messages import Hello
from xnet_wire.values import ValueDecoder

#: What the bare worker promises to run on.
PROMISED = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "pypy3")
#: What tests run on: two of them where it is only looked whether every test can run (`check isolated`).
WANTED = ("2.7", "3.13") if os.environ.get("XNET_HYPOTHESIS") == "few" else PROMISED
PREAMBLE = b"\x89XNET\r\n\x1a\n"


def find_interpreter(version: str) -> str | None:
    """Return the path of an interpreter, or None if this machine has none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    name = version if version.startswith("pypy") else f"python{version}"
    for folder in sorted(pyenv.glob(f"versions/{version}.*/bin")):
        if (folder / name).exists():
            return str(folder / name)
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    # The shims of pyenv are there for versions that are not.
    path = os.pathsep.join(p for p in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in p)
    return shutil.which(name, path=path)


INTERPRETERS = {version: find_interpreter(version) for version in PROMISED}


def command(version: str) -> list[str]:
    """Return the command that starts a bare worker, or skip the test."""
    python = INTERPRETERS[version]
    if python is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    return [python, "-u", "-c", FIRST_LINE]


def load_here() -> Any:
    """Load the worker in this process, which only tests do: all names of its modules, as those of one."""
    program: dict[str, Any] = {}
    exec(WORKER.program("start"), program)
    names: dict[str, Any] = {}
    for name in WORKER.modules:
        # Not what stands for a module that is imported for later: `dumps` is a function, too.
        found = vars(program["bundle"].load(name))
        names.update(
            {key: thing for key, thing in found.items() if key not in WORKER.modules or callable(thing)}
        )
    return SimpleNamespace(**names)


class BareGateways:
    """Starts gateways to bare workers and ends every one of them, whatever became of it."""

    def __init__(self) -> None:
        self.started: list[Gateway] = []

    def __call__(
        self,
        version: str,
        environment: dict[str, str] | None = None,
        stderr: IO[bytes] | int | None = None,
        **config: Any,
    ) -> Gateway:
        popen = subprocess.Popen(
            command(version),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **(environment or {})},
            bufsize=0,
        )
        assert popen.stdin is not None
        assert popen.stdout is not None
        popen.stdin.write(first_bytes())
        read_fd, write_fd = os.dup(popen.stdout.fileno()), os.dup(popen.stdin.fileno())
        popen.stdin.close()
        popen.stdout.close()
        spec = XSpec("popen")
        spec.id = f"bare{version}"
        process = WorkerProcess(popen, None)
        gateway = Gateway(spec, Connected(read_fd, write_fd, process), {"id": spec.id, **config})
        self.started.append(gateway)
        gateway.session.wait_hello(PATIENCE_S)
        return gateway

    def end(self) -> None:
        for gateway in self.started:
            gateway._io.kill_now()
        for gateway in self.started:
            assert gateway._wait_ended(time.monotonic() + PATIENCE_S), gateway


def frame(frame_type: int, channel: int, payload: bytes = b"") -> bytes:
    return frames.encode_header(frame_type, channel, len(payload)) + payload


HELLO = frame(frames.HELLO, 0, encode_hello(Hello("a test")))


class RawWorker:
    """A bare worker that is talked to in bytes.

    Args:
        version: The interpreter.
        environment: Variables that it gets besides ours.
        buffer_bytes: What the kernel keeps of what it says, about; as much as usual if 0.
    """

    def __init__(
        self, version: str, environment: dict[str, str] | None = None, buffer_bytes: int = 0
    ) -> None:
        ours, theirs = socket.socketpair()
        if buffer_bytes:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        self.process = subprocess.Popen(
            command(version),
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        theirs.close()
        self.end = ours
        self.end.settimeout(PATIENCE_S)
        self._said = b""
        self.end.sendall(first_bytes())

    def __enter__(self) -> RawWorker:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *error: object) -> None:
        self.end.close()
        self.process.kill()
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.process.wait(PATIENCE_S)

    def say(self, data: bytes) -> None:
        self.end.sendall(data)

    def greet(self, hello: Hello | None = None) -> RawWorker:
        """Shake hands."""
        self.say(HELLO if hello is None else frame(frames.HELLO, 0, encode_hello(hello)))
        assert self.greet_back()[0] == frames.HELLO
        return self

    def greet_back(self) -> tuple[int, int, bytes]:
        """Return its first frame, which comes behind the preamble."""
        assert self._take(len(PREAMBLE)) == PREAMBLE
        return self.hear()

    def hear(self) -> tuple[int, int, bytes]:
        """Return the next frame; EOFError if there is none."""
        frame_type, channel, size = struct.unpack(">BII", self._take(frames.HEADER_BYTES))
        return frame_type, channel, self._take(size)

    def hear_goaway(self) -> tuple[int, str]:
        """Return code and text with which it ends the connection, after which nothing may come."""
        frame_type, _, payload = self.hear()
        while frame_type != frames.GOAWAY:
            frame_type, _, payload = self.hear()
        assert self.end.recv(1) == b"", "something came after GOAWAY"
        content = ValueDecoder().decode(payload)
        return content["code"], content["text"]

    def pong(self) -> None:
        """Wait until it has acted on everything so far."""
        self.say(frame(frames.PING, 0, b"now"))
        while self.hear() != (frames.PONG, 0, b"now"):
            pass

    def _take(self, size: int) -> bytes:
        while len(self._said) < size:
            data = self.end.recv(65536)
            if not data:
                raise EOFError(self._said)
            self._said += data
        taken, self._said = self._said[:size], self._said[size:]
        return taken
