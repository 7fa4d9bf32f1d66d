"""``doctor`` and ``new-testee``: what is written runs at once, and what is wrong is said with what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnet_conformance", *words],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize(
    ("role", "language", "patterns"),
    [
        (
            "worker",
            "python",
            [
                "frames.ping.e*",
                "frames.ping.64-bytes",
                "frames.unknown.*",
                "frames.ignorable.*",
                "gateway.hello.split",
            ],
        ),
        (
            "worker",
            "javascript",
            ["frames.ping.e*", "frames.ping.64-bytes", "frames.unknown.*", "frames.ignorable.*"],
        ),
        ("initiator", "python", ["frames.ping.e*", "frames.ping.64-bytes"]),
        ("adapter", "python", ["frames.stream.*", "smoke.decode"]),
    ],
)
def test_a_skeleton_passes_what_it_says_it_does(
    role: str, language: str, patterns: list[str], tmp_path: Path
) -> None:
    if language == "javascript" and shutil.which("node") is None:
        pytest.skip("needs node")
    folder = tmp_path / "mine"
    done = command("new-testee", str(folder), "--as", role, "--language", language)
    assert done.returncode == 0, done.stderr
    patterns = [word for pattern in patterns for word in ("--case", pattern)]
    done = command("run", "-t", str(folder / "testee.yaml"), *patterns)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_doctor_says_where_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert command("new-testee", str(folder)).returncode == 0
    done = command("doctor", "-t", str(folder / "testee.yaml"), "--timeout-scale", "0.1")
    assert done.returncode == 1
    assert "ok     PING is answered" in done.stdout
    assert "WRONG  an item comes back" in done.stdout
    assert "explain smoke.echo" in done.stdout


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import time; time.sleep(100)", "Does it flush what it writes?"),
        ("print('hello')", "is standard output in binary mode?"),
        ("raise SystemExit('no such thing')", "no such thing"),
        (
            "import os; os.write(1, b'hi' + bytes.fromhex('89584e45540d0a1a0a'))",
            "writes nothing in front of it",
        ),
    ],
)
def test_the_doctor_says_what_to_do(program: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "worker.py"
    path.write_text(program)
    done = command("doctor", "-t", f"{sys.executable} {path}", "--timeout-scale", "0.1")
    assert done.returncode == 1
    assert words in done.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "worker.py").write_text("precious")
    done = command("new-testee", str(tmp_path / "mine"))
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert (tmp_path / "mine" / "worker.py").read_text() == "precious"
    done = command("new-testee", str(tmp_path / "other"), "--as", "adapter", "--language", "javascript")
    assert done.returncode == 2
    assert "there is no skeleton of this kind; there are: adapter in python" in done.stderr
