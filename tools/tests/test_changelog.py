from __future__ import annotations

from pathlib import Path

import pytest

from check.changelog import find_problems
from tree_builder import write_tree


@pytest.mark.parametrize("name", ["12.feature.md", "+ping.protocol.md", "12.fix.1.md", "README.md"])
def test_names_that_towncrier_reads(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path, {f"changelog.d/{name}": "Something happened."})
    assert find_problems(tmp_path) == []


@pytest.mark.parametrize("name", ["12.md", "feature.md", "12.improvement.md", "12.feature.txt"])
def test_names_that_would_be_left_out(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path, {f"changelog.d/{name}": "Something happened."})
    (problem,) = find_problems(tmp_path)
    assert problem.startswith(f"changelog.d/{name}: a fragment is called ISSUE.KIND.md")


def test_an_empty_fragment_is_a_problem(tmp_path: Path) -> None:
    write_tree(tmp_path, {"changelog.d/3.fix.md": "\n"})
    (problem,) = find_problems(tmp_path)
    assert "is empty" in problem
