"""Fixtures to begin with, for a language that the suite has none for: each with its task, as comments."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

import attrs

from xnet_conformance.fixtures import NOT_WRITTEN
from xnet_conformance.specification import SUITE

if TYPE_CHECKING:
    from pathlib import Path

#: What tasks are, and the table of them.
DOCUMENT: Final[Path] = SUITE / "fixtures" / "README.md"
_ROW: Final = re.compile(r"^\| `([a-z-]+)` \| (.*?)\s*\| (.*) \|$", re.MULTILINE)
_WIDTH: Final = 100


@attrs.frozen
class Task:
    """One row of the table: Markdown as it stands there."""

    name: str
    arguments: str
    does: str


def tasks() -> dict[str, Task]:
    """Return the tasks by name, in the order of the document."""
    rows = _ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    return {name: Task(name, arguments, does) for name, arguments, does in rows}


def example(task: Task) -> str:
    """Return how the task looks in Python; nothing if it is not one of the suite's."""
    path = DOCUMENT.parent / "python" / f"{task.name}.py"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def stub(task: Task, comment: str) -> str:
    """Return a file that is nothing but comments, and that the runner takes for missing.

    Args:
        task: Which.
        comment: What begins a comment in the language, up to the end of the line.
    """
    lines = [NOT_WRITTEN, "", *textwrap.wrap(f"{task.name}: {task.does}", _WIDTH)]
    if task.arguments:
        lines += ["", f"arguments: {task.arguments}"]
    if example(task):
        lines += ["", "in Python:", "", *(f"    {line}".rstrip() for line in example(task).splitlines())]
    return "".join(f"{comment} {line}".rstrip() + "\n" for line in lines)
