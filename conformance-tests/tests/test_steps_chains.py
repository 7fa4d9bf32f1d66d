"""A connection inside of a connection, with processes that are really there."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner_peer import busy
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.profiles import read_profile
from xnet_conformance.steps_chains import _lives
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import read_testee

TESTEE = Path(__file__).resolve().parents[1] / "testees" / "full-worker.yaml"


@pytest.mark.slow
def test_a_worker_that_a_worker_has_started() -> None:
    cases = select(load_cases(), ["group.chain.*"])
    results = run_suite(read_testee(TESTEE), read_profile("1.0-worker"), cases, scale=busy())
    assert {result.case.id: result.outcome for result in results} == dict.fromkeys(
        ("group.chain.inner-worker", "group.chain.outer-ends", "group.chain.outer-dies"), "pass"
    )


def test_a_process_that_has_ended_does_not_live_also_if_nobody_has_reaped_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert _lives(process.pid)
    assert process.stdin is not None
    process.stdin.close()
    deadline = time.monotonic() + 20
    while _lives(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(process.pid)
    process.wait()
    assert not _lives(process.pid)
