"""``python -m xnet as-execnet`` runs programs as the interpreter itself does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from xnet_programs import run

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, sys
import beside
import execnet
if __name__ == "__main__":
    print(execnet.__name__, sys.argv[1:], os.path.basename(sys.argv[0]), os.path.basename(__file__))
    print(sys.modules["__main__"].beside is beside)
    sys.exit(len(sys.argv))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(PROGRAM)
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


def test_a_script_has_its_arguments_and_its_folder_on_the_path(folder: Path) -> None:
    done = run("-m", "xnet", "as-execnet", "../program.py", "-m", "x", cwd=folder / "elsewhere")
    assert (done.stdout, done.stderr) == ("xnet.compat.execnet ['-m', 'x'] program.py program.py\nTrue\n", "")
    assert done.returncode == 3


def test_a_module_is_found_from_the_current_folder(folder: Path) -> None:
    done = run("-m", "xnet", "as-execnet", "-m", "program", "a b", cwd=folder)
    assert (done.stdout, done.stderr) == ("xnet.compat.execnet ['a b'] program.py program.py\nTrue\n", "")
    assert done.returncode == 2
    done = run("-m", "xnet", "as-execnet", "-m", "package", cwd=folder)
    assert (done.stdout, done.returncode) == ("xnet.compat.execnet [] __main__.py __main__.py\nTrue\n", 1)


def test_a_failing_program_shows_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def f():\n    1/0\nf()\n")
    done = run("-m", "xnet", "as-execnet", "bad.py", cwd=tmp_path)
    assert done.returncode == 1
    assert 'bad.py", line 2, in f' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("as-execnet", "nowhere.py"), 2, "xnet: no file 'nowhere.py' to run"),
        (("as-execnet", "-m", "no_such_module"), 1, "xnet: no module no_such_module to run"),
        (("as-execnet", "-m", "no_such.module"), 1, "xnet: no module no_such.module to run"),
    ],
)
def test_a_wrong_command_line_gets_a_sentence(
    arguments: tuple[str, ...], status: int, sentence: str, tmp_path: Path
) -> None:
    done = run("-m", "xnet", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(sentence)
    assert "Traceback" not in done.stderr


def test_the_program_finds_none_of_our_libraries_loaded(tmp_path: Path) -> None:
    """It may be the test suite of one of them."""
    (tmp_path / "look.py").write_text("import sys; print([n for n in ('click', 'rich') if n in sys.modules])")
    assert run("-m", "xnet", "as-execnet", "look.py", cwd=tmp_path).stdout == "[]\n"
