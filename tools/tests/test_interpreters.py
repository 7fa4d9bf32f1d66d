"""What would be installed how, without doing it."""

from __future__ import annotations

from pathlib import Path

import pytest

import interpreters


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it but what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_what_is_here_is_left_alone(bare_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(bare_machine, "python3.9", "exit 0")
    assert interpreters.main(["3.9"]) == 0
    assert capsys.readouterr().out == f"   3.9  is here: {bare_machine}/python3.9\n"


def test_the_first_that_can_does_it(bare_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(bare_machine, "uv", "echo no network >&2; exit 1")
    program(bare_machine, "pyenv", f"/bin/cp {bare_machine}/uv {bare_machine}/python3.7")
    assert interpreters.main(["3.7", "--dry-run"]) == 0
    assert "would be tried: uv python install 3.7" in capsys.readouterr().out
    assert interpreters.main(["3.7"]) == 0
    assert f"installed by pyenv: {bare_machine}/python3.7" in capsys.readouterr().out


def test_what_cannot_be_installed_is_said(bare_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert interpreters.main(["2.7"]) == 0
    assert "cannot be installed here (no uv, pyenv or apt as root)" in capsys.readouterr().out
    program(bare_machine, "uv", "echo no network >&2; exit 1")
    assert interpreters.main(["3.8"]) == 0
    assert "cannot be installed here (uv: no network)" in capsys.readouterr().out
