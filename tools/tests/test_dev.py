"""tools/dev.py as a newcomer meets it: the failures, each with a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from check.tree import ROOT
from devtool import environment

DEV = ROOT / "tools" / "dev.py"


def run_dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEV), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_names_every_command() -> None:
    result = run_dev("--help")
    assert result.returncode == 0
    assert all(name in result.stdout for name in ("demo", "test", "check", "bench", "setup"))


def test_an_unknown_command_is_refused() -> None:
    result = run_dev("tset")
    assert result.returncode == 2
    assert "tset" in result.stderr


def test_an_old_python_gets_a_sentence(tmp_path: Path) -> None:
    """The file is run with a version lowered by a line put before it; see also the syntax test below."""
    program = f"import sys; sys.version_info = (3, 6, 0); exec(open({str(DEV)!r}).read())"
    result = subprocess.run(
        [sys.executable, "-c", program, "test"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "xnet needs Python 3.10 or newer, and " in result.stderr
    assert "is Python 3.6" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_failing_command_is_reported_with_its_last_lines() -> None:
    program = "print('no space left'); raise SystemExit(3)"
    with pytest.raises(environment.SetUpError) as raised:
        environment.Environment()._run([sys.executable, "-c", program], "The environment could not be made.")
    assert str(raised.value) == (
        "The environment could not be made.\nIt said (exit status 3):\n    no space left"
    )
