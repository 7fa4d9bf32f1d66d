"""The ways to reach an interpreter that the matrix tries, and what each needs on this machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import frozen

from xnet import Gateway, Group, XSpec

#: Execution models of a worker.
#: How long anything may take before the cell counts as failed, in seconds.
PATIENCE_S = 200.0


@frozen
class Way:
    """One way to an interpreter.

    Attributes:
        name: Row of the table.
        spec: Specification of the worker, with ``{python}`` for a path, ``{sshd}`` for the configuration that
            names the host ``here``, ``{served}`` and ``{path}`` for the addresses of servers.
        master: Specification of the gateway it goes through, or None.
        any_python: Whether the interpreter can be chosen; a server has its own.
        tells_death: What the error of a killed worker must say.
    """

    name: str
    spec: str
    master: str | None = None
    any_python: bool = True
    tells_death: str = "SIGKILL|ended"


WAYS = (
    Way("popen", "popen", any_python=False, tells_death="SIGKILL"),
    Way("popen//python=", "popen//python={python}", tells_death="SIGKILL"),
    Way("command=env", "command=env A=b//python={python}", tells_death="SIGKILL"),
    Way("ssh", "ssh=here//ssh_config={sshd}//python={python}"),
    Way("via popen", "popen//python={python}//via=master", "popen", tells_death="SIGKILL"),
    Way("via ssh", "popen//python={python}//via=master", "ssh=here//ssh_config={sshd}//python={here}"),
    Way("ssh via popen", "ssh=here//ssh_config={sshd}//python={python}//via=master", "popen"),
    Way("installvia", "socket//installvia=master", "popen//python={python}"),
    Way("socket", "socket={served}//secret_file={secret}", any_python=False),
    Way("unix", "unix={path}", any_python=False),
    Way("listen", "listen=127.0.0.1:0", any_python=False),
)


class Places:
    """Servers that specifications need, started when the first one does.

    Threads: one.
    """

    def __init__(self, folder: Path, start_sshd: Callable[[], Path]) -> None:
        self._folder = folder
        self._start_sshd = start_sshd
        self._found: dict[str, str] = {}
        self._stack = contextlib.ExitStack()

    def fill(self, text: str, python: str) -> str:
        """Return a specification with every place in it named.

        Raises:
            Whatever says that this machine cannot have such a place.
        """
        found = {"python": python, "here": sys.executable}
        if "{sshd}" in text:
            found["sshd"] = self._remember("sshd", lambda: str(self._start_sshd()))
        if "{secret}" in text:
            found["secret"] = self._remember("secret", self._write_secret)
        if "{served}" in text:
            found["served"] = self._remember("served", self._serve_socket)
        if "{path}" in text:
            found["path"] = self._remember("path", self._serve_unix)
        return text.format(**found)

    def close(self) -> None:
        """End all servers."""
        self._stack.close()

    def _remember(self, name: str, make: Callable[[], str]) -> str:
        if name not in self._found:
            self._found[name] = make()
        return self._found[name]

    def _write_secret(self) -> str:
        path = self._folder / "secret"
        path.touch(0o600)
        path.write_text(os.urandom(32).hex())
        return str(path)

    def _serve_socket(self) -> str:
        secret = self._remember("secret", self._write_secret)
        line = self._serve("--bind", "127.0.0.1:0", "--secret-file", secret)
        return line.removeprefix("listening on ")

    def _serve_unix(self) -> str:
        path = self._folder / "serve.sock"
        self._serve("--unix", str(path))
        return str(path)

    def _serve(self, *arguments: str) -> str:
        server = subprocess.Popen(
            [sys.executable, "-m", "xnet", "serve", *arguments], stdout=subprocess.PIPE, text=True
        )
        self._stack.callback(server.wait, PATIENCE_S)
        self._stack.callback(server.terminate)
        assert server.stdout is not None
        self._stack.callback(server.stdout.close)
        return server.stdout.readline().strip()


@contextlib.contextmanager
def reached(way: Way, places: Places, python: str, model: str, **env: str) -> Iterator[Gateway]:
    """Reach an interpreter one way, for as long as the block lasts.

    Args:
        way: The way.
        places: The servers it may need.
        python: Path of the interpreter, ignored where it cannot be chosen.
        model: Execution model of the worker.
        **env: Variables for the worker.
    """
    group = Group()
    connecting: list[subprocess.Popen[bytes]] = []
    try:
        if way.master is not None:
            group.makegateway(f"{places.fill(way.master, python)}//id=master")
        variables = "".join(f"//env:{name}={value}" for name, value in env.items())
        text = places.fill(way.spec, python)
        spec = XSpec(f"{text}//id=worker//execmodel={model}{variables}")
        if spec.listen:
            spec.when_listening = lambda address, secret: connecting.append(_connect(address, secret))
        yield group.makegateway(spec)
    finally:
        group.terminate(timeout=2.0)
        for command in connecting:
            command.wait(PATIENCE_S)


def _connect(address: str, secret: bytes) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "xnet", "connect", "--quiet", address]
    command = subprocess.Popen(words, stdin=subprocess.PIPE)
    assert command.stdin is not None
    with command.stdin as stdin:
        stdin.write(secret + b"\n")
    return command
