"""Checks that are programs: run one, and turn what it says into problems."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(command: Sequence[str], cwd: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """Run a program and return its output lines as problems if it fails, else nothing.

    Args:
        command: program and arguments.
        cwd: the folder to run it in.
        environ: variables to set besides those of this process.
    """
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if result.returncode == 0:
        return []
    lines = [line.rstrip() for line in result.stdout.decode(errors="replace").splitlines() if line.strip()]
    return lines or [f"{' '.join(command)} ended with exit status {result.returncode} and said nothing"]


def run_module(words: Sequence[str], cwd: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """Run `python -m WORDS` with the interpreter this runs on."""
    return run([sys.executable, "-m", *words], cwd, environ)


def program(name: str) -> str:
    """Return the path of a program installed beside the interpreter this runs on."""
    return str(Path(sys.executable).with_name(name))
