"""Gateways, trees and what is in them, for the tests of syncs."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from xnet_gateway.gateway import Gateway
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
from xnet_rsync import RSync
from xnet_rsync.result import TargetResult

#: What the receiver promises to run on.
WANTED = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "pypy3")
#: Whatever is waited for in these tests comes much sooner; a loaded machine may need some of it.
PATIENCE_S = 200.0


def find_interpreter(version: str) -> str:
    """Return the path of an interpreter, or skip the test."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    name = version if version.startswith("pypy") else f"python{version}"
    for folder in sorted(pyenv.glob(f"versions/{version}.*/bin")):
        if (folder / name).exists():
            return str(folder / name)
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    # The shims of pyenv are there for versions that are not.
    path = os.pathsep.join(p for p in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in p)
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"needs the interpreter {version}, which is not on this machine")
    return found


class Gateways:
    """Starts gateways and ends every one of them, whatever became of it."""

    def __init__(self) -> None:
        self.started: list[Gateway] = []

    def __call__(self, text: str = "popen", master: Gateway | None = None) -> Gateway:
        spec = XSpec(text)
        if spec.id is None:
            spec.id = f"gw{len(self.started)}"
        gateway = begin(spec, master).finish()
        self.started.append(gateway)
        return gateway

    def end(self) -> None:
        for gateway in reversed(self.started):
            gateway._io.kill_now()
            if not gateway.pid:  # a server's: its connection is all there is
                gateway.session.close(flush_s=0.0)
        for gateway in self.started:
            assert gateway._wait_ended(time.monotonic() + PATIENCE_S), gateway


def eventually(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> bool:
    """Look until the condition holds; for facts that nobody announces."""
    deadline_s = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        pause.wait(0.005)
    return True


def sync(source: Path, gateway: Gateway, destination: Path, delete: bool = False) -> TargetResult:
    """Sync to one target; return how it went."""
    rsync = RSync(source, verbose=False, delta=True)
    rsync.add_target(gateway, destination, delete=delete)
    result = rsync.send()
    assert result is not None
    assert not result.errors
    return result.targets[0]


def look(root: Path) -> dict[bytes, tuple[object, ...]]:
    """Return all there is to know of a tree: by path the kind, permissions, time, content or text."""
    found: dict[bytes, tuple[object, ...]] = {}
    start = os.fsencode(root)
    waiting = [b""]
    while waiting:
        path = waiting.pop()
        full = os.path.join(start, path) if path else start
        there = os.lstat(full)
        mode = stat.S_IMODE(there.st_mode)
        if stat.S_ISDIR(there.st_mode):
            found[path] = ("directory", mode, there.st_mtime_ns)
            waiting += [os.path.join(path, name) for name in os.listdir(full)]
        elif stat.S_ISLNK(there.st_mode):
            found[path] = ("link", there.st_mtime_ns, os.readlink(full))
        else:
            with open(full, "rb") as file:
                found[path] = ("file", mode, there.st_mtime_ns, file.read())
    return found


def write(path: Path, content: bytes | str = b"", mode: int | None = None) -> Path:
    """Write a file, with the directories around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if mode is not None:
        path.chmod(mode)
    return path
