"""Finding other Pythons, and what dev.py says where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from check.tree import ROOT
from devtool.pythons import find_python


def program(folder: Path, name: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return str(file)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty pyenv, and a folder `bin` in its PATH behind the shims of pyenv."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", f"{tmp_path}/pyenv/shims:{tmp_path}/bin")
    program(tmp_path / "pyenv" / "shims", "python3.13")
    return tmp_path


def test_a_version_is_looked_for_in_pyenv_and_then_in_the_path(machine: Path) -> None:
    assert find_python("3.13") is None, "a shim is no Python"
    in_path = program(machine / "bin", "python3.13")
    assert find_python("3.13") == in_path
    in_pyenv = program(machine / "pyenv" / "versions" / "3.13.0" / "bin", "python3.13")
    assert find_python("3.13") == in_pyenv
    assert find_python("3.1") is None


def test_a_path_is_taken_as_it_is(machine: Path) -> None:
    mine = program(machine / "own", "mine")
    assert find_python(mine) == mine
    assert find_python(f"{machine}/own/other") is None


def test_a_python_that_is_not_there_gets_a_sentence() -> None:
    command = [sys.executable, str(ROOT / "tools" / "dev.py"), "--python", "3.99", "test"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "dev.py: Python 3.99 is not installed here. "
        "`python3 tools/dev.py interpreters 3.99` tries to install it.\n"
    )


def test_another_python_has_an_environment_of_its_own(tmp_path: Path) -> None:
    """What is started again is this file with that Python, and is told where its environment is."""
    said = tmp_path / "said"
    mine = tmp_path / "mine"
    mine.write_text(f'#!/bin/sh\necho "$@" > {said}\nexit 3\n')
    mine.chmod(0o755)
    dev = str(ROOT / "tools" / "dev.py")
    done = subprocess.run([sys.executable, dev, "--python", str(mine), "test", "-k", "x"], check=False)
    assert done.returncode == 3
    assert said.read_text() == f"{dev} --venv .venv-{str(mine).replace('/', '_')} test -k x\n"


def test_a_python_of_an_environment_of_ours_has_that_one() -> None:
    command = [sys.executable, "tools/dev.py", "python", "-c", "import sys; print(sys.prefix)"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == (f"{sys.prefix}\n" if Path(sys.prefix).parent == ROOT else f"{ROOT}/.venv\n")
