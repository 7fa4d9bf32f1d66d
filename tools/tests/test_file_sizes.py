from __future__ import annotations

from pathlib import Path

from check.file_sizes import find_problems
from tree_builder import write_tree


def test_a_file_of_400_lines_is_short_enough(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.py": "x = 1\n" * 400, "long.md": "x\n" * 1000})
    assert find_problems(tmp_path, {}) == []


def test_a_file_of_401_lines_is_too_long(tmp_path: Path) -> None:
    write_tree(tmp_path, {"tools/a.py": "x = 1\n" * 401})
    assert find_problems(tmp_path, {}) == ["tools/a.py has 401 lines, more than 400: split it by idea"]


def test_an_exception_with_a_reason_is_respected(tmp_path: Path) -> None:
    write_tree(tmp_path, {"bare.py": "x = 1\n" * 2000})
    assert find_problems(tmp_path, {"bare.py": "is sent as one file"}) == []


def test_an_exception_that_is_not_needed_is_a_problem(tmp_path: Path) -> None:
    write_tree(tmp_path, {"bare.py": "x = 1\n"})
    (problem,) = find_problems(tmp_path, {"bare.py": "was long once"})
    assert problem.startswith("bare.py is allowed to be long")
