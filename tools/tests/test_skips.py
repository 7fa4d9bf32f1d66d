"""The rules of the root conftest.py: skips are counted by reason, and one without a reason fails the run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from check.tree import ROOT
from tree_builder import write_tree


def run_pytest(folder: Path, test: str) -> tuple[int, str]:
    shutil.copy(ROOT / "conftest.py", folder)
    write_tree(folder, {"test_a.py": f"import pytest\n{test}", "pytest.ini": "[pytest]\n"})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout


def test_a_skip_with_a_reason_is_counted_and_shown(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, "def test_a(): pytest.skip('needs a modem')\ndef test_b(): pass")
    assert status == 0
    assert "1  needs a modem" in output


def test_a_skip_in_the_test_without_a_reason_fails_the_run(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, "def test_a(): pytest.skip()")
    assert status == 1
    assert "skipped without a reason" in output


def test_a_skip_mark_without_a_reason_fails_the_run(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, "@pytest.mark.skip\ndef test_a(): pass")
    assert status == 1
    assert "skipped without a reason" in output
