"""ruff: every file is formatted, and lint-free by the rules of pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from check.commands import run_module

if TYPE_CHECKING:
    from pathlib import Path


def find_format_problems(root: Path) -> list[str]:
    """Return a line for each file that `ruff format` would change."""
    return run_module(["ruff", "format", "--check", "--quiet", "."], root)


def find_lint_problems(root: Path) -> list[str]:
    """Return what `ruff check` says."""
    return run_module(["ruff", "check", "--quiet", "--output-format=concise", "."], root)
