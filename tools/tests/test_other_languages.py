"""The session in docs/other-languages.md happens as it is shown."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from check.tree import ROOT

GUIDE = "docs/other-languages.md"


def test_the_session_with_a_worker_in_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    version = subprocess.run(
        [node, "--version"], capture_output=True, text=True, timeout=200, check=True
    ).stdout
    if tuple(int(part) for part in version.strip().lstrip("v").split(".")[:2]) < (20, 12):
        pytest.skip(f"needs node 20.12 or newer, this is {version.strip()}")
    command = [sys.executable, "-m", "doctest", "-o", "NORMALIZE_WHITESPACE", GUIDE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
