"""Running small programs in interpreters of their own: the alias holds until a process ends."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Without PYTHONPATH: a worker that another Python runs would take this one's libraries from it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYT")}


def run(*arguments: str, cwd: Path | str | None = None) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with the arguments."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        errors="backslashreplace",  # a test may print what is no UTF-8
        timeout=600,  # a whole run of pytest may be in it, on a busy machine
        check=False,
    )


def output_of(program: str) -> str:
    """Run a program that must succeed without a word on stderr; return what it prints."""
    done = run("-c", program)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def aliased(program: str) -> str:
    """As ``output_of``, with the alias installed first."""
    return output_of(f"import xnet; xnet.install_as_execnet()\n{program}")
