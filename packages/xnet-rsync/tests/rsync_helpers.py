"""Gateways, trees and what is in them, for the tests of syncs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import bare_helpers
from bare_helpers import WANTED
from gateway_helpers import PATIENCE_S, Gateways, eventually
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync
from xnet_rsync.result import TargetResult

__all__ = ["PATIENCE_S", "WANTED", "Gateways", "eventually", "find_interpreter", "look", "sync", "write"]


def find_interpreter(version: str) -> str:
    """Return the path of an interpreter, or skip the test."""
    found = bare_helpers.find_interpreter(version)
    if found is None:
        pytest.skip(f"needs the interpreter {version}, which is not on this machine")
    return found


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
