"""What is in the tree: the files that belong to the repository, and its packages."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: The folder of the conformance suite: a package that shares nothing with those under `packages/`.
CONFORMANCE = "conformance-tests"


@dataclass(frozen=True)
class Package:
    """One member of the workspace that has sources."""

    folder: Path

    @property
    def name(self) -> str:
        """The distribution name, which is the folder's name, but for the suite that judges others too."""
        return "xnet-conformance" if self.folder.name == CONFORMANCE else self.folder.name

    @property
    def import_name(self) -> str:
        """The name in an import statement."""
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        """The folder of the import package."""
        return self.folder / "src" / self.import_name

    @property
    def tests(self) -> Path:
        """The folder of its tests; it may not exist."""
        return self.folder / "tests"


def packages(root: Path) -> list[Package]:
    """Return the packages under `packages/` that can be installed, by name."""
    return [Package(file.parent) for file in sorted(root.glob("packages/*/pyproject.toml"))]


def members(root: Path) -> list[Package]:
    """Return all packages of the workspace: those under `packages/`, and the conformance suite."""
    suite = root / CONFORMANCE
    return [*packages(root), *([Package(suite)] if (suite / "pyproject.toml").exists() else [])]


def files(root: Path, *suffixes: str) -> list[Path]:
    """Return the files of the repository that end in one of `suffixes`, sorted.

    Files that are not committed yet count, files that .gitignore names do not: what is checked before a
    commit is what the commit would hold. Outside a git checkout (an unpacked archive) every file counts.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and (root / ".git").exists():
        found = [root / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = [path for path in root.rglob("*") if not any(part.startswith(".venv") for part in path.parts)]
    return sorted(path for path in set(found) if path.is_file() and path.name.endswith(suffixes))


def relative(root: Path, path: Path) -> str:
    """Return the path as it is written in a message: from the root, with forward slashes."""
    return path.relative_to(root).as_posix()
