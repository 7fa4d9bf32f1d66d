"""What docs/command-line.md shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xnet_programs import ENVIRONMENT

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parents[4] / "docs" / "command-line.md"
BLOCKS = re.findall(r"```console\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
EXAMPLES = [
    (command, output)
    for block in BLOCKS
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the examples, with the program in the path."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "xnet"
    program.write_text(f"#!{sys.executable}\nfrom xnet.__main__ import run\nrun()\n")
    program.chmod(0o755)
    (tmp_path / "here").mkdir()
    return tmp_path


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command[:60] for command, _ in EXAMPLES])
def test_the_examples(command: str, output: str, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"exec 2>&1; {command}"],
        cwd=folder / "here",
        env={**ENVIRONMENT, "PATH": f"{folder}/programs{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    said = done.stdout
    if done.returncode and "| head" not in command:
        said += f"[exit status {done.returncode}]\n"
    # Gateways work side by side: which of them is first is nobody's promise.
    assert sorted(said.splitlines()) == sorted(output.splitlines())


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 4
