from __future__ import annotations

from pathlib import Path

from check.versions import PLACE, find_problems
from tree_builder import write_tree

TREE = {
    PLACE: '__version__ = "1.2"\n',
    "packages/xnet-wire/pyproject.toml": '[project]\nversion = "1.2"\n',
    "packages/a-b/pyproject.toml": '[project]\nversion = "1.2"\n',
    "packages/a-b/src/a_b/sent.py": 'import sys\nVERSION = "1.2"  # of this implementation\n',
}


def test_one_version_everywhere(tmp_path: Path) -> None:
    assert find_problems(write_tree(tmp_path, TREE)) == []


def test_each_other_one_is_named(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {**TREE, PLACE: '__version__ = "1.3"\n', "packages/a-b/pyproject.toml": "[project]\n"}
    )
    assert sorted(find_problems(tmp_path)) == [
        f"packages/a-b/pyproject.toml has the version none, {PLACE} says 1.3",
        f"packages/a-b/src/a_b/sent.py has the version 1.2, {PLACE} says 1.3",
        f"packages/xnet-wire/pyproject.toml has the version 1.2, {PLACE} says 1.3",
    ]


def test_without_the_place_nothing_is_known(tmp_path: Path) -> None:
    assert find_problems(write_tree(tmp_path, {PLACE: "version = 3\n"})) == [
        f'{PLACE} has no line __version__ = "..."'
    ]
