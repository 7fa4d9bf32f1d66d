"""mypy --strict, once per package and once for each other tree of Python files.

Not once for everything: test helpers of two packages may have the same name, which mypy takes for one module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from check.commands import run_module
from check.tree import files, packages

if TYPE_CHECKING:
    from pathlib import Path

# Folders outside packages/ that hold Python of ours. Testees of the conformance suite are programs of others.
_OTHERS = ("tools", "protocol-spec", "conformance-tests/src", "conformance-tests/tests")


def find_problems(root: Path) -> list[str]:
    """Return what mypy says, group by group."""
    problems = []
    for group in _groups(root):
        problems += run_module(["mypy", "--no-error-summary", *group], root)
    return problems


def _groups(root: Path) -> list[list[str]]:
    groups = [
        [
            str(folder.relative_to(root))
            for folder in (package.source, package.tests)
            if _has_python(root, folder)
        ]
        for package in packages(root)
    ]
    groups += [[name] for name in _OTHERS if _has_python(root, root / name)]
    return [group for group in groups if group]


def _has_python(root: Path, folder: Path) -> bool:
    return any(path.is_relative_to(folder) for path in files(root, ".py"))
