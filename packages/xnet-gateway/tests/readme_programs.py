"""Running the programs of a README, for the tests of each package that has one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from gateway_helpers import PATIENCE_S


def programs_of(test_file: str) -> list[str]:
    """Return the programs in the README of the package that a test file belongs to; there have to be some."""
    readme = Path(test_file).parents[1] / "README.md"
    programs = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert programs
    return programs


def check_program(program: str, folder: Path) -> None:
    """Run a program; it has to print what its comments promise."""
    # From a file, as its reader would: functions that are sent need their source.
    script = folder / "program.py"
    script.write_text(program, encoding="utf-8")
    command = [sys.executable, str(script)]
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert (ended.stderr, ended.returncode) == ("", 0)
    promised = re.findall(r"# prints (.*)", program)
    assert ended.stdout.splitlines() == promised
    assert promised
