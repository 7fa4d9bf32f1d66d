"""Nothing in the tree names one machine: no absolute path of somebody's disk, no package index.

A path like that works for one person only; an index is a setting of the machine that installs, and a tree
that names one breaks where another is used.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from check.tree import files, relative

# What the pattern finds, and what to write instead. Examples may speak of the home of "me" and of "user".
_PATTERNS: Final = (
    (
        re.compile(r"(?<![\w.~$}>-])/(?:root|home|work|Users)/(?!me\b|user\b)[\w.-]+"),
        "a path of one machine; compute it, or write it relative to the repository",
    ),
    (
        re.compile(
            r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|(?:registry|mirrors?|deb)\.\w+)\.(?:org|com|net|io)\b"
        ),
        "the host of a package registry; the machine that installs knows its own",
    ),
    (
        re.compile(r"(?:--|\b)(?:extra-)?index-url\b|--trusted-host\b|--find-links[= ]\w+:"),
        "a setting of the package index; it belongs to the machine, not to the tree",
    ),
)
_TEXT: Final = (
    ".py",
    ".pyi",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".cfg",
    ".ini",
    ".json",
    ".cddl",
    ".txt",
    ".sh",
    "run",
)


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each line that names a machine or an index."""
    problems = []
    for path in files(root, *_TEXT):
        if path.name == Path(__file__).name:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            for pattern, advice in _PATTERNS:
                found = pattern.search(line)
                if found:
                    problems.append(f"{relative(root, path)}:{number}: {found.group()!r} is {advice}")
    return problems
