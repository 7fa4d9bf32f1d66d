"""Measuring a package with a line that no test executes, and judging what came out."""

from __future__ import annotations

from pathlib import Path

import pytest

from check.tree import ROOT
from covered.areas import Area, read_areas
from covered.main import judge
from covered.measuring import measure
from tree_builder import write_tree

SOURCE = """\
import sys

def half(number):
    if number % 2:
        return None
    return number // 2

def never():
    return 7

if __name__ == "__main__":
    sys.stdout.write(str(half(8)))
"""
TEST = """\
import os, subprocess, sys

def test_half():
    program = "import halves; halves.half(3); import os; os._exit(0)"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": "."}, check=True)
    assert 4 == int(subprocess.check_output([sys.executable, "-m", "halves"]))
"""


def test_processes_count_and_what_is_not_executed_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path, {"halves.py": SOURCE, "test_halves.py": TEST, "pytest.ini": "[pytest]\n"})
    percent, table = measure(tmp_path, Area("a", ("halves",), ("test_halves.py",), 100), lines=3)
    assert "1 passed" in table
    row = next(line for line in table.splitlines() if line.startswith("halves.py"))
    assert row.split()[-1] == "9"
    assert 80 < percent < 100


@pytest.mark.parametrize(
    ("percent", "sentences"),
    [
        (95.0, []),
        (95.99, []),
        (94.99, ["shell: its tests execute 94.99 % of it, 95 % are expected"]),
        (100.0, []),
    ],
)
def test_less_is_a_problem(percent: float, sentences: list[str]) -> None:
    assert judge(Area("shell", (), (), 95), percent) == sentences


def test_the_areas_are_what_there_is() -> None:
    areas = read_areas()
    assert (areas["wire"].percent, areas["core"].percent) == (100, 100)
    for area in areas.values():
        for name in area.sources:
            assert any(ROOT.glob(f"packages/*/src/{name.replace('.', '/')}/__init__.py")), name
        for test in area.tests:
            assert (ROOT / test).is_dir(), test
