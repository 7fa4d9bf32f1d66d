from __future__ import annotations

from pathlib import Path

from check.start_up import imported_slow_modules
from tree_builder import write_tree


def test_a_slow_import_is_found_however_deep(tmp_path: Path) -> None:
    write_tree(tmp_path, {"outer.py": "import inner", "inner.py": "import logging"})
    problems = imported_slow_modules(tmp_path, ["outer"])
    assert any("'logging'" in problem for problem in problems)


def test_an_import_for_the_type_checker_costs_nothing(tmp_path: Path) -> None:
    write_tree(tmp_path, {"quick.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import typing\n"})
    assert imported_slow_modules(tmp_path, ["quick"]) == []


def test_a_module_that_cannot_be_imported_is_a_problem(tmp_path: Path) -> None:
    problems = imported_slow_modules(tmp_path, ["no_such_module"])
    assert problems[0] == "importing no_such_module failed"
    assert "ModuleNotFoundError" in problems[-1]


def test_too_many_modules_are_told(tmp_path: Path) -> None:
    write_tree(tmp_path, {"outer.py": "import inner", "inner.py": ""})
    assert imported_slow_modules(tmp_path, ["outer"], 2) == []
    [problem] = imported_slow_modules(tmp_path, ["outer"], 1)
    assert problem.startswith("importing outer imports 2 modules: expected at most 1")
