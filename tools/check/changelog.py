"""Fragments of the changelog have a name towncrier understands: `ISSUE.KIND.md` or `+words.KIND.md`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from check.tree import relative

KINDS: Final = ("protocol", "feature", "change", "fix", "doc")
_NAME: Final = re.compile(rf"^(?:\d+|\+[\w-]+)\.(?:{'|'.join(KINDS)})(?:\.\d+)?\.md$")
_NO_FRAGMENT: Final = {"README.md", ".gitignore"}


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each file in changelog.d that would be left out of the changelog."""
    problems = []
    for path in sorted((root / "changelog.d").glob("*")):
        if path.name in _NO_FRAGMENT:
            continue
        if not _NAME.match(path.name):
            problems.append(
                f"{relative(root, path)}: a fragment is called ISSUE.KIND.md or +words.KIND.md, "
                f"KIND being one of {', '.join(KINDS)}"
            )
        elif not path.read_text(encoding="utf-8").strip():
            problems.append(
                f"{relative(root, path)} is empty; it should say in a sentence what a user will notice"
            )
    return problems
