from __future__ import annotations

from pathlib import Path

import pytest

from check.untested_files import find_problems
from tree_builder import one_package, write_tree


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("frames.py", "test_frames.py"),
        ("frames.py", "deeper/test_frames.py"),
        ("core/halves.py", "test_halves.py"),
        ("core/halves.py", "core/test_halves.py"),
        ("core/halves.py", "test_core_halves.py"),
    ],
)
def test_a_source_file_is_covered_by_a_test_file_of_its_name(tmp_path: Path, source: str, test: str) -> None:
    write_tree(tmp_path, one_package({f"src/a_b/{source}": "", f"tests/{test}": ""}))
    assert find_problems(tmp_path, {}) == []


def test_a_source_file_without_a_test_file_is_found(tmp_path: Path) -> None:
    write_tree(tmp_path, one_package({"src/a_b/frames.py": "", "tests/test_values.py": ""}))
    assert find_problems(tmp_path, {}) == [
        "packages/a-b/src/a_b/frames.py has no packages/a-b/tests/**/test_frames.py"
    ]


def test_one_test_file_does_not_cover_two_files_of_one_name(tmp_path: Path) -> None:
    sources = {"src/a_b/core/errors.py": "", "src/a_b/threads/errors.py": ""}
    write_tree(tmp_path, one_package({**sources, "tests/core/test_errors.py": ""}))
    (problem,) = find_problems(tmp_path, {})
    assert "threads/errors.py" in problem


def test_files_that_only_reexport_or_start_need_no_test_file(tmp_path: Path) -> None:
    write_tree(tmp_path, one_package({"src/a_b/__init__.py": "", "src/a_b/__main__.py": ""}))
    assert find_problems(tmp_path, {}) == []


def test_a_needless_exception_is_a_problem(tmp_path: Path) -> None:
    write_tree(tmp_path, one_package({"src/a_b/frames.py": "", "tests/test_frames.py": ""}))
    (problem,) = find_problems(tmp_path, {"packages/a-b/src/a_b/frames.py": "no reason"})
    assert "as having no test file" in problem


def test_a_folder_can_be_an_exception(tmp_path: Path) -> None:
    write_tree(tmp_path, one_package({"src/a_b/data/one.py": "", "src/a_b/data/more/two.py": ""}))
    folder = "packages/a-b/src/a_b/data/"
    assert find_problems(tmp_path, {folder: "sent elsewhere"}) == []
    assert len(find_problems(tmp_path, {folder.rstrip("/"): "no folder without its slash"})) == 3
    (problem,) = find_problems(
        tmp_path, {folder: "sent elsewhere", "packages/a-b/src/a_b/other/": "nothing there"}
    )
    assert "other/ is listed" in problem


def test_the_conformance_suite_is_held_to_it_as_well(tmp_path: Path) -> None:
    suite = "conformance-tests/src/xnet_conformance"
    write_tree(tmp_path, {"conformance-tests/pyproject.toml": "", f"{suite}/frames.py": ""})
    assert find_problems(tmp_path, {}) == [
        f"{suite}/frames.py has no conformance-tests/tests/**/test_frames.py"
    ]
