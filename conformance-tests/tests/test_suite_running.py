"""Many cases at once, what is set aside, and what a testee has said beforehand."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import pytest

from program_helpers import python, zoo
from runner_peer import HELLO, busy
from xnet_conformance import testee as testees
from xnet_conformance.case import Case
from xnet_conformance.errors import CannotStart
from xnet_conformance.frames import PREAMBLE
from xnet_conformance.profiles import Profile
from xnet_conformance.results import Result
from xnet_conformance.suite_running import run_suite, with_controls
from xnet_conformance.testee import read_testee

PROFILE = Profile("p", "worker", "1.0", ("trace",), ("wire.frames", "trace"), "title")
PING = ({"send": {"PING": {"hex": "61"}}}, {"expect": {"PONG": {"hex": "61"}}})
WRONG = ({"send": {"PING": {"hex": "61"}}}, {"expect": {"PONG": {"hex": "62"}}})
GOOD = zoo("good")


def case(id_: str, *steps: dict[str, Any], **fields: Any) -> Case:
    return Case(
        **{
            "id": id_,
            "layer": "wire.frames",
            "req": ("FR-020",),
            "steps": steps or PING,
            "limit_s": 20.0,
            **fields,
        }
    )


def outcomes(results: list[Result]) -> dict[str, str]:
    return {result.case.id: result.outcome for result in results}


def test_results_have_the_order_of_the_cases_whatever_ran_first() -> None:
    cases = [case(f"a.{number}", own=number % 3 == 0) for number in range(12)]
    seen: list[str] = []
    results = run_suite(GOOD, PROFILE, cases, jobs=3, report=lambda result: seen.append(result.case.id))
    assert [result.case.id for result in results] == [one.id for one in cases]
    assert set(outcomes(results).values()) == {"pass"}
    assert sorted(seen) == sorted(one.id for one in cases)
    assert {result.role for result in results} == {"worker"}


def test_what_a_profile_does_not_score_does_not_run() -> None:
    cases = [
        case("a.a"),
        case("a.b", roles=("adapter",)),
        case("a.c", layer="group"),
        case("a.d", since="2.0"),
    ]
    assert outcomes(run_suite(GOOD, PROFILE, cases)) == {"a.a": "pass"}
    assert run_suite(GOOD, PROFILE, []) == []


@pytest.mark.skipif(find_spec("xnet_gateway") is None, reason="needs a worker that executes code")
def test_a_slow_machine_has_longer_for_single_steps_too() -> None:
    testee = read_testee(Path(__file__).resolve().parents[1] / "testees" / "bare" / "this.yaml")
    steps = (
        {"exec": {"ch": "a", "fixture": "linger", "args": {"seconds": 1}}},
        {"expect": {"ITEM": {"ch": "a", "is": "lingering"}}},
        {"expect": {"CHANNEL_CLOSE": {"ch": "a", "within": 0.01}}},
    )
    cases = [case("a.a", *steps)]
    assert outcomes(run_suite(testee, PROFILE, cases, scale=1e4)) == {"a.a": "pass"}
    assert outcomes(run_suite(testee, PROFILE, cases)) == {"a.a": "timeout"}


def test_a_feature_that_is_missing_is_red_only_if_the_profile_asks_for_it() -> None:
    cases = [
        case("a.a", needs=("exec.ruby",)),
        case("a.b", needs=("trace",)),
        case("a.c", needs=("exec.python",)),
    ]
    results = run_suite(GOOD, PROFILE, cases)
    assert outcomes(results) == {"a.a": "unsupported", "a.b": "missing-feature", "a.c": "pass"}
    assert results[0].message == "the testee does not declare exec.ruby"
    declares = attrs.evolve(GOOD, features=("trace", "exec.ruby"))
    assert set(outcomes(run_suite(declares, PROFILE, cases)).values()) == {"pass"}


def test_what_is_shown_only_is_unsupported() -> None:
    legacy = attrs.evolve(PROFILE, role="legacy", shows="worker", borrows=("a.*",))
    assert outcomes(run_suite(GOOD, legacy, [case("a.a"), case("b.b")])) == {
        "a.a": "pass",
        "b.b": "unsupported",
    }


def test_expectations_are_compared_and_not_believed() -> None:
    said = {"fails": "fail", "passes": "fail", "skipped": "skip", "flaky": "flaky", "not": "fail"}
    testee = attrs.evolve(
        GOOD,
        expectations=tuple(
            testees.Expectation(f"a.{name}", what, "a reason", "an issue") for name, what in said.items()
        ),
    )
    cases = [
        case("a.fails", *WRONG),
        case("a.passes"),
        case("a.skipped"),
        case("a.flaky"),
        case("a.not", needs=("x",)),
    ]
    results = run_suite(testee, PROFILE, cases)
    assert outcomes(results) == {
        "a.fails": "xfail",
        "a.passes": "xpass",
        "a.skipped": "skipped",
        "a.flaky": "pass",
        "a.not": "unsupported",
    }
    assert results[0].remarks == ["expected: a reason (an issue)"]
    assert results[1].message == "it passes, although its expectation says: a reason (an issue)"
    assert results[2].message == "a reason"


def test_a_run_can_stop_after_some_failures() -> None:
    cases = [case("a.good"), *(case(f"a.wrong{number}", *WRONG, own=True) for number in range(5))]
    results = run_suite(GOOD, PROFILE, cases, jobs=1, most_failures=2)
    assert list(outcomes(results).values()) == ["pass", "fail", "fail", "not-run", "not-run", "not-run"]
    assert results[-1].message == "not run: 2 cases had failed"


def test_a_negative_case_counts_only_with_its_control() -> None:
    negative = case(
        "a.n", {"send": {"TYPE_18": {}}}, {"goaway": "FRAME_UNKNOWN_TYPE"}, own=True, control="a.c"
    )
    assert outcomes(run_suite(GOOD, PROFILE, [negative, case("a.c", *WRONG)])) == {
        "a.n": "untestable",
        "a.c": "fail",
    }
    assert outcomes(run_suite(GOOD, PROFILE, [negative, case("a.c")])) == {"a.n": "pass", "a.c": "pass"}


def test_controls_come_with_the_cases_that_name_them() -> None:
    every = [case("a.c"), case("a.n", control="a.c"), case("a.o")]
    assert [one.id for one in with_controls([every[1]], every)] == ["a.c", "a.n"]
    assert [one.id for one in with_controls([every[2]], every)] == ["a.o"]


def test_a_testee_that_does_not_start_is_not_judged() -> None:
    with pytest.raises(CannotStart, match="ended before its HELLO"):
        run_suite(zoo("dies-at-start"), PROFILE, [case("a.a")])


def test_a_testee_that_stops_to_start_ends_the_run(tmp_path: Path) -> None:
    """It starts for the first look, and never again."""
    marker = str(tmp_path / "been-here")
    program = f"import os, sys; os.path.exists({marker!r}) and sys.exit('no more'); open({marker!r}, 'w'); "
    first = (PREAMBLE + HELLO.encode()).hex()
    program += f"os.write(1, bytes.fromhex('{first}')); os.read(0, 99)"
    cases = [case(f"a.{number}", own=True) for number in range(50)]
    ran: list[Result] = []
    with pytest.raises(CannotStart, match=r"the testee did not start: .*ended before its HELLO"):
        run_suite(python("-c", program), PROFILE, cases, jobs=1, report=ran.append)
    assert len(ran) == 3


def test_a_mistake_in_a_report_is_not_swallowed_and_ends_the_run() -> None:
    started = time.monotonic()

    def broken(_result: Result) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_suite(GOOD, PROFILE, [case(f"a.{number}") for number in range(200)], report=broken)
    assert time.monotonic() - started < 20 * busy()
