from __future__ import annotations

import subprocess
import sys

import pytest

import demo
from check.tree import ROOT

SMALL = ["--workers", "2", "--megabytes", "1"]


def test_the_demo_shows_progress_and_ends_well() -> None:
    command = [sys.executable, str(ROOT / "tools" / "demo.py"), *SMALL]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "100 % of the blocks are back" in result.stdout
    assert result.stdout.splitlines()[-1] == "every result is right"


def test_a_wrong_result_is_named_and_makes_the_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(demo.PRIMES_BELOW, 20_000, 2263)
    assert demo.main(SMALL) == 1
    printed = capsys.readouterr().out
    assert "WRONG: worker1: 2262 primes were found by all together, and there are 2263" in printed
    assert printed.splitlines()[-1] == "something went wrong"
