"""Runs many cases against one testee, on several connections at once if asked, and judges the whole."""

from __future__ import annotations

import queue
import tempfile
import threading
from typing import TYPE_CHECKING, Final, Protocol

from xnet_conformance.errors import CannotStart
from xnet_conformance.results import RED, Result, apply_controls
from xnet_conformance.role_runners import make_runner, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xnet_conformance.case import Case
    from xnet_conformance.profiles import Profile
    from xnet_conformance.testee import Testee

#: A run stops when this many cases in a row could not even start the testee.
_MOST_DEAD_STARTS: Final = 3
_CAPABLE: Final = "the testee did not start"


class Runner(Protocol):
    """Runs cases one after the other."""

    def run(self, case: Case, next_case: Case | None = None) -> Result:
        """Run one case."""

    def close(self) -> None:
        """End all processes."""


def run_suite(
    testee: Testee,
    profile: Profile,
    cases: Iterable[Case],
    *,
    jobs: int = 3,
    scale: float = 1.0,
    most_failures: int = 0,
    report: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Run cases and return their results in the order of the cases.

    Args:
        testee: Whom.
        profile: What is asked for.
        cases: Those that were chosen; controls of negative ones have to be among them.
        jobs: Connections at a time.
        scale: Stretches time limits.
        most_failures: After so many nothing more is run, and the rest is skipped; 0: all are run. Who is at
            the beginning fails most cases, and most of them by a time limit.
        report: Called with each result as it comes, by one thread at a time.

    Raises:
        CannotStart: The testee does not start at all; nothing was judged.
    """
    chosen = [case for case in cases if profile.scores(case) or profile.lacks(case)]
    with tempfile.TemporaryDirectory(prefix="xnet-conformance-") as scratch:
        features = probe(testee, scratch, scale)
        results, runnable = _sort_out(testee, profile, chosen, features)
        for result in results.values():
            report(result)
        _run_all(testee, runnable, scratch, scale, jobs, most_failures, results, report)
        for case in runnable:
            if case.id not in results:
                message = f"not run: {most_failures} cases had failed"
                results[case.id] = Result(case, "skipped", message=message, role=testee.role)
    ordered = [results[case.id] for case in chosen]
    apply_controls(ordered)
    for result in ordered:
        _expect(testee, result)
    return ordered


def with_controls(chosen: Sequence[Case], all_cases: Iterable[Case]) -> list[Case]:
    """Return the cases with the controls they name, which have to run for them to count."""
    ids = {case.id for case in chosen}
    wanted = {case.control for case in chosen if case.control}
    return [case for case in all_cases if case.id in ids | wanted]


def _sort_out(
    testee: Testee, profile: Profile, cases: Iterable[Case], features: frozenset[str]
) -> tuple[dict[str, Result], list[Case]]:
    """Set aside what needs features that are not there."""
    results: dict[str, Result] = {}
    runnable = []
    for case in cases:
        missing = [feature for feature in case.needs if feature not in features]
        expectation = testee.expectation(case.id)
        if expectation is not None and expectation.expect == "skip":
            results[case.id] = Result(case, "skipped", message=expectation.reason, role=testee.role)
        elif profile.lacks(case):
            message = f"the profile {profile.name} is about implementations that do not have this"
            results[case.id] = Result(case, "unsupported", message=message, role=testee.role)
        elif missing:
            outcome = "missing-feature" if set(missing) & set(profile.requires) else "unsupported"
            message = f"the testee does not declare {', '.join(missing)}"
            results[case.id] = Result(case, outcome, message=message, role=testee.role)
        else:
            runnable.append(case)
    return results, runnable


def _run_all(
    testee: Testee,
    cases: Sequence[Case],
    scratch: str,
    scale: float,
    jobs: int,
    most_failures: int,
    results: dict[str, Result],
    report: Callable[[Result], None],
) -> None:
    # Cases that share a connection come first, so that it lives as long as it can.
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in sorted(cases, key=lambda case: case.own):
        waiting.put(case)
    lock = threading.Lock()
    dead = [0]
    failures = [0]
    broken: list[BaseException] = []

    def work() -> None:
        runner: Runner = make_runner(testee, scratch, scale)
        try:
            upcoming = _next(waiting)
            while upcoming is not None and dead[0] < _MOST_DEAD_STARTS and not broken:
                if most_failures and failures[0] >= most_failures:
                    break
                case, upcoming = upcoming, _next(waiting)
                result = runner.run(case, upcoming)
                result.role = testee.role
                with lock:
                    dead[0] = dead[0] + 1 if result.message.startswith(_CAPABLE) else 0
                    failures[0] += result.outcome in RED and testee.expectation(case.id) is None
                    results[case.id] = result
                    report(result)
        except BaseException as error:  # noqa: BLE001  (handed to the thread that waits)
            broken.append(error)
        finally:
            runner.close()

    threads = [threading.Thread(target=work, name=f"run-{number}", daemon=True) for number in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
    if dead[0] >= _MOST_DEAD_STARTS:
        raise CannotStart(next(r.message for r in results.values() if r.message.startswith(_CAPABLE)))


def _next(waiting: queue.SimpleQueue[Case]) -> Case | None:
    try:
        return waiting.get_nowait()
    except queue.Empty:
        return None


def _expect(testee: Testee, result: Result) -> None:
    """Compare a result with what the testee said beforehand."""
    expectation = testee.expectation(result.case.id)
    if (
        expectation is None
        or expectation.expect == "skip"
        or result.outcome in ("unsupported", "harness-error")
    ):
        return
    good = result.outcome in ("pass", "nonstrict")
    why = f"{expectation.reason}" + (f" ({expectation.issue})" if expectation.issue else "")
    if not good:
        result.remarks.append(f"expected: {why}")
        result.outcome = "xfail"
    elif expectation.expect == "fail":
        result.message = f"it passes, although its expectation says: {why}"
        result.outcome = "xpass"
