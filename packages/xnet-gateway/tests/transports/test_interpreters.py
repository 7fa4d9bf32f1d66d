"""Which interpreter a command line starts."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.transports.interpreters import (
    SEARCHED,
    given_interpreter,
    remote_command,
    split_words,
    worker_arguments,
)
from xnet_gateway.xspec import XSpec


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("python3.9", ["python3.9"]),
        ("sudo -u x python", ["sudo", "-u", "x", "python"]),
        ("'/a b/python'", ["/a b/python"]),
        ('"/a b/python" -X dev', ["/a b/python", "-X", "dev"]),
    ],
)
def test_python_is_split_as_a_shell_would(value: str, words: list[str]) -> None:
    spec = XSpec(f"popen//python={value}")
    assert given_interpreter(spec) == words == split_words(value)
    assert worker_arguments(spec) == [*words, "-u", "-c", FIRST_LINE]
    assert shlex.split(remote_command(spec)) == [*words, "-u", "-c", FIRST_LINE]


@pytest.mark.parametrize(
    "value", ["~/venv/bin/python", "cd /srv && $P", "$(which python3) 2>/dev/null", "it's"]
)
def test_a_shell_elsewhere_gets_it_as_it_is(value: str) -> None:
    assert remote_command(XSpec(f"ssh=h//python={value}")) == f"{value} -u -c '{FIRST_LINE}'"


def test_nothing_behind_python_is_as_if_it_were_not_there() -> None:
    spec, without = XSpec("ssh=h//python="), XSpec("ssh=h")
    assert remote_command(spec) == remote_command(without)
    assert worker_arguments(spec, "p") == worker_arguments(without, "p")


@pytest.mark.parametrize("value", ["", "= ", "=a\0b"])
def test_python_without_sense(value: str) -> None:
    for command in (worker_arguments, remote_command):
        with pytest.raises(ValueError, match=r"python.*expected a command"):
            command(XSpec(f"ssh=h//python{value}"))
    with pytest.raises(ValueError, match=r"python.*expected a command.*No closing quotation"):
        worker_arguments(XSpec("popen//python='open"))


def test_options() -> None:
    spec = XSpec("ssh=h//python=p//dont_write_bytecode")
    assert worker_arguments(spec) == ["p", "-u", "-B", "-c", FIRST_LINE]
    assert remote_command(spec) == f"p -u -B -c '{FIRST_LINE}'"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    spec = XSpec("//".join(["ssh=h", *options]))
    return subprocess.run(
        ["/bin/sh", "-c", remote_command(spec)],
        env={"PATH": f"{folder}:/nonexistent"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sh").symlink_to("/bin/sh")
    return tmp_path


@pytest.mark.parametrize("name", SEARCHED)
def test_a_shell_finds_what_there_is(folder: Path, name: str) -> None:
    program = folder / name
    program.write_text('#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\n')
    program.chmod(0o755)
    assert run(folder).stdout.splitlines() == ["<-u>", "<-c>", f"<{FIRST_LINE}>"]
    assert run(folder, "dont_write_bytecode").stdout.splitlines()[:2] == ["<-u>", "<-B>"]


def test_a_shell_that_finds_none_says_what_it_tried(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 127
    assert all(name in done.stderr for name in SEARCHED)
    assert "python=PATH" in done.stderr
