from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_of_the_readme_run_and_print_what_they_say(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(program, str(README), "exec"), {})
    promised = re.findall(r"# prints (.*)", program)
    assert capsys.readouterr().out.splitlines() == promised
    assert promised


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 3
