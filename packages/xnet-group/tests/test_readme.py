from __future__ import annotations

from pathlib import Path

import pytest

from readme_programs import check_program, programs_of


@pytest.mark.parametrize("program", programs_of(__file__))
def test_the_programs_of_the_readme_run_and_print_what_they_say(program: str, tmp_path: Path) -> None:
    check_program(program, tmp_path)
