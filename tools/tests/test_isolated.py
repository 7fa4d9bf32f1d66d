from __future__ import annotations

from pathlib import Path

import pytest

from check import isolated
from check.tree import ROOT, packages
from tree_builder import write_tree

PYPROJECT = """\
[project]
name = "a-b"
version = "0.1.0"
dependencies = []

[dependency-groups]
test = ["pytest", "pytest-timeout"]

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"
"""
ROOT_PYPROJECT = (
    'constraint-dependencies = []\n[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\n'
)


@pytest.mark.timeout(1200)
def test_an_undeclared_import_is_found(tmp_path: Path) -> None:
    """One environment serves both halves of the test: making it is most of the time."""
    files = {
        "pyproject.toml": ROOT_PYPROJECT,
        "packages/a-b/pyproject.toml": PYPROJECT,
        "packages/a-b/src/a_b/__init__.py": "value = 1\n",
        "packages/a-b/tests/test_a_b.py": "import a_b\n\ndef test_value(): assert a_b.value == 1\n",
    }
    write_tree(tmp_path, files)
    assert isolated.find_problems(tmp_path) == []

    write_tree(tmp_path, {"packages/a-b/src/a_b/__init__.py": "import attr\nvalue = 1\n"})
    problems = isolated.find_problems(tmp_path)
    assert any("No module named 'attr'" in problem for problem in problems)


def test_what_is_installed_is_the_package_and_what_it_declares() -> None:
    everything = {package.name: package for package in packages(ROOT)}
    assert isolated.with_packages_below(ROOT, everything["xnet-wire"]) == ["xnet-wire"]
    assert sorted(isolated.with_packages_below(ROOT, everything["xnet-group"])) == [
        "xnet-channel",
        "xnet-gateway",
        "xnet-group",
        "xnet-wire",
    ]


def test_a_package_without_tests_is_a_problem(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": ROOT_PYPROJECT,
        "packages/a-b/pyproject.toml": PYPROJECT,
        "packages/a-b/src/a_b/__init__.py": "",
    }
    write_tree(tmp_path, files)
    assert isolated.find_problems(tmp_path) == ["a-b: has no tests"]
