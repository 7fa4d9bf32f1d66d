"""The specification agrees with itself: its own three tools, run one after the other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from check.commands import run

if TYPE_CHECKING:
    from pathlib import Path

# Each says what is wrong and ends with exit status 1. They judge requirements, tables and schemas; the
# examples in the prose; two peers in every order of events.
TOOLS: Final = ("lint.py", "examples.py", "model_check.py")


def find_problems(root: Path) -> list[str]:
    """Return what the tools of the specification say. A missing one is a problem: nothing judges then."""
    problems = []
    for name in TOOLS:
        tool = root / "protocol-spec" / "tools" / name
        if tool.exists():
            problems += run([sys.executable, str(tool)], root)
        else:
            problems.append(f"protocol-spec/tools/{name} does not exist, so nothing does its work")
    return problems
