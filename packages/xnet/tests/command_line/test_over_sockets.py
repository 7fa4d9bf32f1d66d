"""The commands with interpreters that a server gives away: their standard error is the server's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xnet_programs import ENVIRONMENT

pytestmark = pytest.mark.slow
SECRET = "the secret of these tests"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "xnet", "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**ENVIRONMENT, "XNET_SECRET": SECRET},
        text=True,
    )
    assert server.stdout is not None
    yield server.stdout.readline().split()[-1]
    server.terminate()
    server.communicate(timeout=200)


def xnet(*arguments: str, secret: str = SECRET) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnet", *arguments],
        env={**ENVIRONMENT, "XNET_SECRET": secret},
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=200,
        check=False,
    )


def test_exec_has_both_outputs(address: str) -> None:
    code = "import os, sys; print(1); os.system('echo 2; echo 3 >&2'); sys.stderr.write('4'); sys.exit(5)"
    done = xnet("exec", f"socket={address}", "--", code)
    assert (done.stdout, done.stderr, done.returncode) == ("gw0: 1\ngw0: 2\n", "gw0: 3\ngw0: 4\n", 5)


def test_status_and_doctor(address: str) -> None:
    assert json.loads(xnet("status", "--json", f"socket={address}").stdout)[0]["error"] is None
    done = xnet("doctor", "--json", f"socket={address}")
    steps = [step["step"] for step in json.loads(done.stdout)[0]["steps"]]
    assert steps == ["specification", "host", "handshake", "interpreter", "round trip", "speed"]
    assert done.returncode == 0


def test_doctor_with_another_secret(address: str) -> None:
    done = xnet("doctor", f"socket={address}", secret="another secret than that")
    assert done.returncode == 3
    assert "FAILED  handshake" in done.stdout
    assert "Both sides need the same secret" in done.stdout
    assert "another secret" not in done.stdout + done.stderr


def test_rsync(address: str, tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / os.fsdecode(b"name\xff")).write_text("x")
    done = xnet("rsync", str(source), f"socket={address}:{tmp_path}/copy", "-v")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gw0: name\udcff\n")
    assert os.listdir(os.fsencode(tmp_path / "copy")) == [b"name\xff"]
