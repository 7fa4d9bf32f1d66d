"""The specification agrees with itself: protocol-spec/tools/lint.py, which also runs its examples."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from check.commands import run

if TYPE_CHECKING:
    from pathlib import Path


def find_problems(root: Path) -> list[str]:
    """Return what the linter of the specification says."""
    linter = root / "protocol-spec" / "tools" / "lint.py"
    if not linter.exists():
        return ["protocol-spec/tools/lint.py does not exist, so nothing judges the specification"]
    return run([sys.executable, str(linter)], root)
