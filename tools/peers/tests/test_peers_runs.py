from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from peers.runs import RunError, environment, run_suite
from peers.suites import THIRD_PARTY, XDIST, Suite

SMALL = Suite("small", "1", (), "tests", ("-p", "no:xdist"), timeout_s=60.0)


def tree(folder: Path, source: str) -> Path:
    (folder / "tree" / "tests").mkdir(parents=True)
    (folder / "tree" / "tests" / "test_small.py").write_text(source)
    return folder / "tree"


def test_a_suite_is_run_and_its_outcomes_are_read(tmp_path: Path) -> None:
    source = "def test_good(): pass\ndef test_bad(): raise ValueError\n"
    run = run_suite(SMALL, Path(sys.executable), tree(tmp_path, source), tmp_path / "results", ())
    assert run.outcomes == {"tests.test_small::test_good": "passed", "tests.test_small::test_bad": "failed"}


def test_a_run_that_dies_shows_its_last_lines(tmp_path: Path) -> None:
    source = "import os\ndef test_dies(): os._exit(3)\n"
    with pytest.raises(RunError, match=r"exit status 3 and no results(.|\n)*test_dies"):
        run_suite(SMALL, Path(sys.executable), tree(tmp_path, source), tmp_path / "results", ())


def test_a_hung_run_is_ended(tmp_path: Path) -> None:
    source = "import threading\ndef test_hangs(): threading.Event().wait()\n"
    suite = replace(SMALL, timeout_s=0.001)
    with pytest.raises(RunError, match=r"not done after 0.001 s"):
        run_suite(suite, Path(sys.executable), tree(tmp_path, source), tmp_path / "results", ())


def test_the_caller_does_not_change_what_is_tested() -> None:
    names = ("PYTEST_ADDOPTS", "PYTHONPATH", "EXECNET_DEBUG", "XNET_TRACE_JSON", "PATH")
    assert environment(dict.fromkeys(names, "x")) == {"PATH": "x"}


@pytest.mark.parametrize("suite", [XDIST, *THIRD_PARTY.values()], ids=lambda suite: suite.name)
def test_everything_that_is_installed_is_pinned(suite: Suite) -> None:
    assert all(requirement.count("==") == 1 for requirement in suite.requirements)
