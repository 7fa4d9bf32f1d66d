"""Released execnet in its own profile: what it shares, what it lacks; and nothing is green by itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from runner_peer import busy
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.profiles import read_profile
from xnet_conformance.results import EXIT_NOTHING, EXIT_OK, Result, exit_code
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import from_command, read_testee

#: Nothing fails that its testee.yaml does not say beforehand.
_KNOWN = ("pass", "nonstrict", "xfail", "unsupported")
TESTEE = Path(__file__).resolve().parents[2] / "testees" / "execnet" / "testee.yaml"


def _run(*patterns: str) -> list[Result]:
    cases = select(load_cases(), patterns)
    return run_suite(read_testee(TESTEE), read_profile("legacy-2.1"), cases, scale=busy())


@pytest.mark.slow
def test_what_it_shares_passes_and_the_rest_is_shown_as_missing() -> None:
    results = _run()
    wrong = {r.case.id: r.message for r in results if r.outcome not in _KNOWN}
    assert wrong == {}
    assert exit_code(results) == EXIT_OK
    layers = {"wire.frames", "wire.values", "channel", "gateway", "group", "trace"}
    assert {r.case.layer for r in results if r.outcome == "pass"} == layers
    assert {r.outcome for r in results if r.case.layer == "flow"} == {"unsupported"}


def test_what_it_lacks_alone_is_not_green() -> None:
    results = _run("frames.ping.*", "flow.credit.window")
    assert {r.outcome for r in results} == {"unsupported"}
    assert exit_code(results) == EXIT_NOTHING


def test_a_worker_of_version_1_is_no_worker_of_execnet() -> None:
    command = "printf '\\x89XNET'"
    testee = from_command(command, role="legacy")
    results = run_suite(
        testee,
        read_profile("legacy-2.1"),
        select(load_cases(), ["legacy.dump.none", "legacy.dump.int"]),
        scale=busy(),
    )
    assert Counter(r.outcome for r in results) == {"crash": 2}
    assert "in place of b'1'" in results[0].message
