"""What the root pyproject.toml says: members, development tools and their releases.

Python 3.10 has no TOML reader and dev.py has no dependencies, so the few arrays of strings needed here are
cut out of the text: an array of strings of TOML, comments included, is also a Python list.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def read_string_array(text: str, name: str) -> list[str]:
    """Return the strings of the array `name = [...]` of a TOML text.

    Args:
        text: TOML, in which `name` is the key of one array of plain strings, at the start of a line,
            and which ends on its first line or with a `]` at the start of a line.
        name: the key.

    Raises:
        ValueError: the array does not exist, or holds something other than strings.
    """
    found = re.search(rf"^{re.escape(name)} = (\[[^\n]*\]|\[\n.*?^\])", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"pyproject.toml has no array of strings named {name!r}")
    value = ast.literal_eval(found.group(1))
    if not all(isinstance(item, str) for item in value):
        raise ValueError(f"the array {name!r} of pyproject.toml holds something else than strings")
    return list(value)


def root_pyproject() -> str:
    """Return the text of the root pyproject.toml."""
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def members() -> list[Path]:
    """Return the folders of the workspace's packages, lowest layer first."""
    return [ROOT / name for name in read_string_array(root_pyproject(), "members")]


def development_tools() -> list[str]:
    """Return the requirements of the group `dev`."""
    return read_string_array(root_pyproject(), "dev")


def pins() -> list[str]:
    """Return the exact releases that every installation here is held to."""
    return read_string_array(root_pyproject(), "constraint-dependencies")
