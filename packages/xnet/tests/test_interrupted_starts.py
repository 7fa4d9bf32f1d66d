"""Ctrl-C at any moment of a start leaves nothing, whatever is started and however; and it is not lost.

``XNET_STRESS=1`` makes 500 tries of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from xnet_programs import ENVIRONMENT

STRESS = bool(os.environ.get("XNET_STRESS"))
TRIES = 500 if STRESS else 30
PROGRAM = str(Path(__file__).with_name("interrupted_starts.py"))
SIBLING = str(Path(sys.executable).with_name("python3"))
#: A program in the place of one that goes into a container: it runs what comes behind the name.
STAND_IN = """#!/bin/sh
while [ "$1" != sh ]; do shift; done
exec "$@"
"""

pytestmark = pytest.mark.slow


def interrupt(spec: str, *options: str, path: Path | None = None) -> None:
    """Run the program; see there."""
    environment = ENVIRONMENT | ({"PATH": f"{path}:{os.environ['PATH']}"} if path is not None else {})
    done = subprocess.run(
        [sys.executable, PROGRAM, spec, str(TRIES), *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=3600 if STRESS else 800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["left"] == []
    assert found["interrupted"] >= TRIES // 4, found
    # A worker that is abandoned while it begins may say so itself.
    assert "KeyboardInterrupt" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr


def sibling() -> str:
    if sys.executable == SIBLING or not Path(SIBLING).exists():
        pytest.skip("needs python3 beside the interpreter that runs this")
    return SIBLING


@pytest.mark.parametrize("how", ["--storm", "--many", "--end", ""])
def test_popen(how: str) -> None:
    interrupt("popen", *how.split())


@pytest.mark.parametrize("how", ["--storm", "--many", ""])
def test_another_interpreter(how: str) -> None:
    interrupt(f"popen//python={sibling()}", *how.split())


@pytest.mark.parametrize("python", ["", "//python="])
def test_via(python: str) -> None:
    interrupt(f"popen//via=master{python and python + sibling()}", "--master", "popen")


def test_installvia() -> None:
    interrupt("socket//installvia=master", "--master", "popen")


@pytest.mark.parametrize("key", ["docker", "kubectl"])
def test_commands(key: str, tmp_path: Path) -> None:
    program = tmp_path / key
    program.write_text(STAND_IN)
    program.chmod(0o755)
    interrupt(f"{key}=there", path=tmp_path)


def test_command() -> None:
    interrupt("command=env ANY=thing")


@contextmanager
def serving(*arguments: str, secret: str | None = None) -> Iterator[tuple[str, int]]:
    """Run a server; give its address and its process id."""
    server = subprocess.Popen(
        [sys.executable, "-m", "xnet", "serve", *arguments],
        env=ENVIRONMENT | ({"XNET_SECRET": secret} if secret else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().removeprefix("listening on ").strip(), server.pid
        finally:
            server.terminate()


def test_socket(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of thirty-two characters or more")
    secret.chmod(0o600)
    with serving("--secret-file", str(secret), "--bind", "127.0.0.1:0") as (address, pid):
        interrupt(f"socket={address}//secret_file={secret}", "--tree", str(pid))


def test_unix(tmp_path: Path) -> None:
    with serving("--unix", str(tmp_path / "server")) as (address, pid):
        interrupt(f"unix={address}", "--tree", str(pid))


def test_listen() -> None:
    interrupt("listen=127.0.0.1:0", "--nobody")


def test_ssh(tmp_path: Path) -> None:
    helpers = pytest.importorskip("sshd_helpers", reason="needs the tests of xnet-gateway beside these")
    sshd = helpers.Sshd(tmp_path)
    try:
        interrupt(f"ssh=here//ssh_config={sshd.config}", "--tree", str(sshd.process.pid))
    finally:
        sshd.stop()
