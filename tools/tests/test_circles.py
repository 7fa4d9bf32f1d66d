"""A circle of imports is found, also one that is there for types alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from check.circles import find_problems
from tree_builder import one_package, write_tree

FOR_TYPES = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from a_b.c import f\n"


@pytest.mark.parametrize(
    "first", ["from a_b.c import f\n", FOR_TYPES, "def g():\n    from a_b.c import f\n    return f\n"]
)
def test_two_files_that_need_each_other_are_found(tmp_path: Path, first: str) -> None:
    texts = {"src/a_b/__init__.py": "", "src/a_b/b.py": first, "src/a_b/c.py": "import a_b.b\nf = 1\n"}
    write_tree(tmp_path, one_package(texts))
    assert find_problems(tmp_path) == ["a_b: a_b.b -> a_b.c -> a_b.b"]


def test_of_a_longer_circle_a_way_round_is_told_and_what_leads_into_it_is_not(tmp_path: Path) -> None:
    texts = {
        "src/a_b/__init__.py": "",
        "src/a_b/before.py": "import a_b.one\n",
        "src/a_b/one.py": "import a_b.two\nimport a_b.behind\n",
        "src/a_b/two.py": "import a_b.three\n",
        "src/a_b/three.py": "import a_b.one\n",
        "src/a_b/behind.py": "",
    }
    write_tree(tmp_path, one_package(texts))
    assert find_problems(tmp_path) == ["a_b: a_b.one -> a_b.two -> a_b.three -> a_b.one"]


def test_files_that_stand_on_each_other_are_no_circle(tmp_path: Path) -> None:
    texts = {"src/a_b/__init__.py": "", "src/a_b/b.py": "import a_b.c\n", "src/a_b/c.py": ""}
    write_tree(tmp_path, one_package(texts))
    assert find_problems(tmp_path) == []
