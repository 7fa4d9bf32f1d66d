"""All packages have one version, written down in `xnet_wire/version.py`.

Each pyproject.toml has to say it itself (its build backend reads it nowhere else), and so does what shares no
code with the wire: the worker that is sent as text, and the conformance suite.
"""

from __future__ import annotations

import re
from pathlib import Path

from check.tree import files, members, relative

#: Where it is decided.
PLACE = "packages/xnet-wire/src/xnet_wire/version.py"
_PYTHON = re.compile(r'^(?:VERSION|__version__)(?:: Final)? = "([^"]*)"', re.MULTILINE)
_TOML = re.compile(r'^version = "([^"]*)"', re.MULTILINE)


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each other version, and for each package that has none."""
    found = _PYTHON.search((root / PLACE).read_text(encoding="utf-8"))
    if found is None:
        return [f'{PLACE} has no line __version__ = "..."']
    problems = []
    for package in members(root):
        project = package.folder / "pyproject.toml"
        said = {project: _TOML.findall(project.read_text(encoding="utf-8")) or ["none"]}
        for path in files(root, ".py"):
            if path.is_relative_to(package.source):
                said[path] = _PYTHON.findall(path.read_text(encoding="utf-8"))
        problems += [
            f"{relative(root, path)} has the version {version}, {PLACE} says {found[1]}"
            for path, versions in said.items()
            for version in versions
            if version != found[1]
        ]
    return problems
