from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_of_the_readme_run_and_print_what_they_say(program: str, tmp_path: Path) -> None:
    # From a file, as its reader would: functions that are sent need their source.
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=50
    )
    assert (ended.stderr, ended.returncode) == ("", 0)
    promised = re.findall(r"# prints (.*)", program)
    assert ended.stdout.splitlines() == promised
    assert promised


def test_there_are_programs() -> None:
    assert PROGRAMS
