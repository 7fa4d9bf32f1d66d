"""Bars on a real terminal; that there are none in a pipe is in ``test_syncing``."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from xnet_programs import ENVIRONMENT

pytestmark = pytest.mark.slow


def on_a_terminal(*arguments: str, lines: int = 40, term: str = "xterm") -> tuple[int, str]:
    """Run the program; return its exit status and what the terminal was told."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 120, 0, 0))
    environment = {
        name: value for name, value in ENVIRONMENT.items() if name not in ("CI", "NO_COLOR", "COLUMNS")
    }
    command = subprocess.Popen(
        [sys.executable, "-m", "xnet", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env={**environment, "TERM": term},
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux: the other end was closed
            break
        if not data:
            break
        said += data
    os.close(ours)
    return command.wait(200), said.decode("utf-8", "replace")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    folder.mkdir()
    for number in range(20):
        (folder / f"file{number}").write_bytes(os.urandom(100_000))
    return folder


def test_a_bar_for_each_target_and_one_for_all(source: Path, tmp_path: Path) -> None:
    targets = [f"popen//id={name}:{tmp_path}/{name}" for name in ("left", "right")]
    status, said = on_a_terminal("rsync", str(source), *targets)
    assert status == 0
    assert "\x1b[?25l" in said  # the cursor is hidden while bars are drawn
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")  # and shown again
    last = [line for line in plain(said).splitlines() if "100%" in line]
    assert re.search(rf"left:{re.escape(str(tmp_path))}|\.\.\..*left", "\n".join(last))
    assert any(line.startswith("all 2") and "40/40 files" in line and "4.0/4.0 MB" in line for line in last)
    assert f"right:{tmp_path}/right: 20 of 20 files, 2.0 MB brought up to date" in plain(said)


def test_more_targets_than_lines(source: Path, tmp_path: Path) -> None:
    targets = [f"popen:{tmp_path}/{number}" for number in range(4)]
    status, said = on_a_terminal("rsync", str(source), *targets, "-v", lines=6)
    assert status == 0
    assert "80/80 files" in plain(said)
    assert "gw3: file19" in plain(said)


def test_a_terminal_that_can_only_print(source: Path, tmp_path: Path) -> None:
    status, said = on_a_terminal("rsync", str(source), f"popen:{tmp_path}/copy", term="dumb")
    assert (status, "\x1b" in said) == (0, False)


def test_colours_of_exec_status_and_doctor() -> None:
    assert "\x1b[36mgw0: \x1b[0mx\r\n" in on_a_terminal("exec", "popen", "--", "print('x')")[1]
    assert "\x1b[32mok      \x1b[0mprogram" in on_a_terminal("doctor", "popen")[1]
    table = on_a_terminal("status", "popen")[1]
    assert "\x1b[1m" in table
    assert "popen" in plain(table)
