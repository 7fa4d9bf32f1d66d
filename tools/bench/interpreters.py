"""Interpreters for workers that have nothing of ours."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

#: Versions to look for, the newest first.
VERSIONS = ("3.13", "3.12", "3.11", "3.10", "3.9", "3.8")


def same_version() -> str:
    """Return an interpreter of our version by another path, which stands for a foreign one.

    Raises:
        LookupError: This is not a virtual environment, and no other path was found.
    """
    base = str(getattr(sys, "_base_executable", sys.executable))
    if base != sys.executable:
        return base
    raise LookupError(
        "needs to run in a virtual environment: its base is an interpreter that has nothing of ours"
    )


def another_version() -> str | None:
    """Return an interpreter of another version, or None if none is installed."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    path = os.pathsep.join(p for p in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in p)
    for version in VERSIONS:
        if version != here:
            for folder in sorted(pyenv.glob(f"versions/{version}.*/bin")):
                if (folder / f"python{version}").exists():
                    return str(folder / f"python{version}")
            found = shutil.which(f"python{version}", path=path)
            if found is not None:
                return found
    return None
