from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from check.tree import ROOT, packages
from document_programs import Program, programs

DOCUMENTS = [ROOT / "README.md", *(package.folder / "README.md" for package in packages(ROOT))]
GUIDES = sorted((ROOT / "docs").rglob("*.md"))
PROGRAMS = [program for document in [*DOCUMENTS, *GUIDES] for program in programs(document)]


@pytest.mark.parametrize(
    "program", PROGRAMS, ids=lambda p: f"{p.document.relative_to(ROOT).as_posix()}:{p.line}"
)
def test_a_program_in_a_readme_runs_and_prints_what_it_says(program: Program, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(program.text, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    if expected := program.expected_lines():
        assert result.stdout.splitlines() == expected


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_readme_has_a_program(document: Path) -> None:
    assert programs(document)


def test_programs_are_found_with_their_lines_and_outputs(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# A\n\n```python\nprint(1)  # prints 1\n```\n\n```\nnot Python\n```\n")
    (program,) = programs(document)
    assert (program.line, program.text) == (4, "print(1)  # prints 1\n")
    assert program.expected_lines() == ["1"]
