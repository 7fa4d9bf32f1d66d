"""The whole suite's run: what fails is run again alone, and only that, and only if it is little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from check.tests import DEPENDS_ON_PYTHON, MOST_REPEATED, run_tests
from check.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FAILS_FIRST = """
import pathlib
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_depends(number):
    seen = pathlib.Path(__file__).with_name(f"seen{{number}}")
    first = not seen.exists()
    seen.touch()
    assert not first
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_right.py").write_text(
        "import pathlib\n\n"
        "def test_right():\n"
        "    with pathlib.Path(__file__).with_name('runs').open('a') as file:\n"
        "        file.write('x')\n"
    )
    return tmp_path


def test_what_passes_is_run_once(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_tests(tree, []) == 0
    assert (tree / "runs").read_text() == "x"
    assert "again" not in capfd.readouterr().out


def test_what_passes_alone_is_named(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tree / "test_load.py").write_text(FAILS_FIRST.format(count=1))
    assert run_tests(tree, []) == 0
    assert (tree / "runs").read_text() == "x", "what passed is not run again"
    last = capfd.readouterr().out.rstrip().splitlines()[-2:]
    assert last == ["DEPENDS ON LOAD (passed alone; to be mended):", "  test_load.py::test_depends[0]"]


def test_what_fails_alone_is_red(tree: Path) -> None:
    (tree / "test_wrong.py").write_text("def test_wrong():\n    assert False\n")
    assert run_tests(tree, []) == 1


def test_one_failure_more_is_red_at_once(tree: Path) -> None:
    (tree / "test_load.py").write_text(FAILS_FIRST.format(count=MOST_REPEATED + 1))
    assert run_tests(tree, []) == 1


def test_a_file_that_does_not_load_is_red(tree: Path) -> None:
    (tree / "test_broken.py").write_text("raise RuntimeError\n")
    assert run_tests(tree, []) != 0


def test_runs_with_arguments_are_not_repeated(tree: Path) -> None:
    (tree / "test_load.py").write_text(FAILS_FIRST.format(count=1))
    assert run_tests(tree, ["-q"]) == 1


def test_what_depends_on_the_python_is_there() -> None:
    assert [name for name in DEPENDS_ON_PYTHON if not (ROOT / name).exists()] == []
