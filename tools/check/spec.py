"""The specification agrees with itself, and the conformance suite has it as it is now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from check.commands import run

if TYPE_CHECKING:
    from pathlib import Path

# Each reports problems and ends with exit status 1. They judge requirements, tables and schemas; the
# examples in the prose; two peers in every order of events; the copy of it all in the conformance suite.
TOOLS: Final = (
    "protocol-spec/tools/lint.py",
    "protocol-spec/tools/examples.py",
    "protocol-spec/tools/model_check.py",
    "conformance-tests/tools/import_spec.py",
)


def find_problems(root: Path) -> list[str]:
    """Return what these tools say. A missing one is a problem: nothing judges then."""
    problems = []
    for name in TOOLS:
        if (root / name).exists():
            arguments = ["--check"] if name.endswith("import_spec.py") else []
            problems += run([sys.executable, str(root / name), *arguments], root)
        else:
            problems.append(f"{name} does not exist, so nothing does its work")
    return problems
