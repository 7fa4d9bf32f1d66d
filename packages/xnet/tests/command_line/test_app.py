"""The command as a whole: help, completion, exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from xnet.command_line.app import COMMANDS
from xnet_programs import ENVIRONMENT, run


def test_help_is_no_mistake_and_names_every_command() -> None:
    done = run("-m", "xnet", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: python -m xnet [OPTIONS] COMMAND")
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout
    assert run("-m", "xnet", "-h").stdout == done.stdout == run("-m", "xnet").stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    done = run("-m", "xnet", name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: python -m xnet {name} ")
    assert f"Examples:\n    xnet {name} " in done.stdout
    assert "Exit status" in done.stdout or "exit status" in done.stdout


@pytest.mark.parametrize("arguments", [("fly",), ("--fly",), ("status", "--fly", "popen"), ("status",)])
def test_a_wrong_command_line_gets_a_sentence(arguments: tuple[str, ...]) -> None:
    done = run("-m", "xnet", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: python -m xnet ")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_version() -> None:
    assert run("-m", "xnet", "--version").stdout.startswith("xnet 0.")


def test_the_program_is_the_same() -> None:
    done = run("-c", "import sys; sys.argv[1:] = ['--help']; from xnet.__main__ import run; run()")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: xnet [OPTIONS]")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("xnet st", "plain,status"), ("xnet exec pop", "popen"), ("xnet as", "plain,as-execnet")],
)
def test_shells_complete(typed: str, offered: str) -> None:
    environment = {
        **ENVIRONMENT,
        "_XNET_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "xnet"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert offered in done.stdout.split("\n")[0]
    assert done.stderr == ""


def test_nobody_who_reads_the_help() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "xnet", "--help"],
            env=ENVIRONMENT,
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            timeout=200,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert done.returncode in (1, 141)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m xnet exec popen -- "1" {closed}', sys.executable],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
