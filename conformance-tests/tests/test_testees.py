"""The testees of this repository, judged by the suite as a user would have them judged."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from runner_peer import busy
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import CannotStart
from xnet_conformance.profiles import read_profile
from xnet_conformance.results import Result, exit_code
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import read_testee

TESTEES = Path(__file__).resolve().parents[1] / "testees"
NEEDS_CARGO = pytest.mark.skipif(shutil.which("cargo") is None, reason="needs cargo")
GOOD = ("pass", "unsupported")
#: Dicts of Python 2 have no order (VA-009), and an expectation is in its file.
GOOD_ON_2_7 = (*GOOD, "nonstrict", "xfail")


def judge(name: str) -> list[Result]:
    """Judge a testee by everything its profile asks for; skip where its interpreter is not installed."""
    testee = read_testee(TESTEES / f"{name}.yaml")
    return run_suite(testee, read_profile("1.0-worker"), load_cases(), scale=busy())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "pure", [pytest.param("0", id="compiled where it can be"), pytest.param("1", id="pure")]
)
def test_the_full_worker_passes_everything(pure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNET_PURE", pure)  # for the workers
    results = judge("full-worker")
    assert {result.case.id: result.message for result in results if result.outcome not in GOOD} == {}
    assert exit_code(results) == 0
    assert len([result for result in results if result.outcome == "pass"]) > 700


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_worker_in_javascript_passes_everything() -> None:
    results = judge("node/testee")
    assert {result.case.id: result.message for result in results if result.outcome not in GOOD} == {}
    assert len([result for result in results if result.outcome == "pass"]) > 700


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("name", "profile"),
    [
        pytest.param("rust/small", "1.0-worker", marks=NEEDS_CARGO),
        ("small-initiator", "1.0-initiator"),
    ],
)
def test_limits_that_can_be_reached_are_held(name: str, profile: str) -> None:
    """These announce small ones: other testees are not judged by the cases that need such."""
    testee = read_testee(TESTEES / f"{name}.yaml")
    cases = [case for case in load_cases() if any(need.startswith("limits.") for need in case.needs)]
    try:
        results = run_suite(testee, read_profile(profile), cases, scale=busy())
    except CannotStart as error:
        if importlib.util.find_spec("xnet") is None:
            pytest.skip("needs xnet")
        raise error
    assert {result.case.id: result.message for result in results if result.outcome not in GOOD} == {}
    assert {"flow.memory.given-back", "channel.limit.item"} <= {
        result.case.id for result in results if result.outcome == "pass"
    }


@pytest.mark.timeout(3600)
@NEEDS_CARGO
def test_the_worker_in_rust_passes_everything() -> None:
    """Its build is part of this; together they take less than a minute."""
    results = judge("rust/testee")
    assert {result.case.id: result.message for result in results if result.outcome not in GOOD} == {}
    assert len([result for result in results if result.outcome == "pass"]) > 700


@pytest.mark.timeout(3600)
@NEEDS_CARGO
def test_the_tests_of_the_worker_in_rust_pass() -> None:
    command = [
        "cargo",
        "test",
        "--offline",
        "--quiet",
        "--manifest-path",
        str(TESTEES / "rust" / "Cargo.toml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_bare_worker_passes_everything() -> None:
    """On the interpreter it differs most on; the others by ``xnet-conformance matrix``."""
    try:
        results = judge("bare/2.7")
    except CannotStart as error:
        pytest.skip(f"needs Python 2.7: {error}".partition("\n")[0])
    assert {result.case.id: result.message for result in results if result.outcome not in GOOD_ON_2_7} == {}
    assert len([result for result in results if result.outcome == "pass"]) > 700
