"""The testees of this repository, judged by the suite as a user would have them judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from xnet_conformance.case_files import load_cases
from xnet_conformance.profiles import read_profile
from xnet_conformance.results import exit_code
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import read_testee

TESTEES = Path(__file__).resolve().parents[1] / "testees"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_full_worker_passes_everything() -> None:
    testee = read_testee(TESTEES / "full-worker.yaml")
    results = run_suite(testee, read_profile("1.0-worker"), load_cases())
    assert {result.case.id: result.message for result in results if result.outcome != "pass"} == {}
    assert exit_code(results) == 0
    assert len(results) > 400
