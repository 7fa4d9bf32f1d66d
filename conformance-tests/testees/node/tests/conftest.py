"""Finds Node."""

from __future__ import annotations

import shutil
import subprocess

import pytest

OLDEST_NODE = (20, 12)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of a Node that can run the worker; without one the test is skipped."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("node is not installed")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=200, check=True).stdout
    version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    if version < OLDEST_NODE:
        pytest.skip(f"node is {said.strip()}, the worker needs {'.'.join(map(str, OLDEST_NODE))}")
    return path
