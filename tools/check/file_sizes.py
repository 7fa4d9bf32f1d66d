"""No Python file over 400 lines: one file, one idea, a folder listing that reads as a table of contents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from check.allowed import FILE_SIZES
from check.tree import files, relative

MOST_LINES: Final = 400


def find_problems(root: Path, allowed: Mapping[str, str] = FILE_SIZES) -> list[str]:
    """Return a sentence for each file that is too long, and for each exception that is not needed."""
    problems = []
    too_long = set()
    for path in files(root, ".py", ".pyi"):
        name = relative(root, path)
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines <= MOST_LINES:
            continue
        too_long.add(name)
        if name not in allowed:
            problems.append(f"{name} has {lines} lines, more than {MOST_LINES}: split it by idea")
    problems += [
        f"{name} is allowed to be long in tools/check/allowed.py but has at most {MOST_LINES} lines"
        for name in sorted(set(allowed) - too_long)
    ]
    return problems
