"""Interpreters that have gevent and eventlet: environments of the matrix's own, in `.cache/matrix/`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bare_helpers import INTERPRETERS
from devtool.project import ROOT

FOLDER = ROOT / ".cache" / "matrix"
#: How long making one may take, in seconds.
PATIENCE_S = 300
LIBRARIES = ("gevent", "eventlet")


def environment_of(version: str) -> str | None:
    """Return the interpreter of the environment for a version, or None if it was not made."""
    python = FOLDER / version / "bin" / "python"
    return str(python) if python.exists() else None


def make_environments() -> None:
    """Make missing environments, for each interpreter that has the module venv and wheels."""
    for version, python in INTERPRETERS.items():
        if python is not None and environment_of(version) is None:
            print(
                f"matrix: {version} with {' and '.join(LIBRARIES)}: {_make(FOLDER / version, python)}",
                flush=True,
            )


def _make(folder: Path, python: str) -> str:
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary",
        ":all:",
        *LIBRARIES,
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for command in ([python, "-m", "venv", str(folder)], pip):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        if done.returncode:
            return "no: " + (done.stderr.strip().splitlines() or ["no reason"])[-1]
    return "yes"
