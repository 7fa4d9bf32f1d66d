"""Runs many cases against one testee, on several connections at once if asked, and judges the whole."""

from __future__ import annotations

import queue
import tempfile
import threading
from typing import TYPE_CHECKING, Final

from xnet_conformance.blocking import blocker, is_smoke
from xnet_conformance.errors import CannotStart
from xnet_conformance.link import kill_all
from xnet_conformance.results import DID_NOT_START, RED, Result, apply_controls
from xnet_conformance.role_runners import Runner, make_runner, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xnet_conformance.case import Case
    from xnet_conformance.profiles import Profile
    from xnet_conformance.testee import Testee

#: A run stops when this many cases in a row could not even start the testee.
_MOST_DEAD_STARTS: Final = 3
#: How often a run checks whether it should end, and how long it then waits for its threads.
_LOOK_S: Final = 0.05
_STOPPING_S: Final = 10.0


def run_suite(
    testee: Testee,
    profile: Profile,
    cases: Iterable[Case],
    *,
    jobs: int = 3,
    scale: float = 1.0,
    most_failures: int = 0,
    stop_at_smoke: bool = False,
    stop: threading.Event | None = None,
    report: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Run cases and return their results in the order of the cases.

    Args:
        testee: The implementation to test.
        profile: Which cases count.
        cases: Those that were chosen; controls of negative ones must be among them.
        jobs: Connections at a time.
        scale: Stretches time limits.
        most_failures: After this many the run stops; 0: all are run. A new implementation fails most
            cases, and most of them by a time limit.
        stop_at_smoke: The cases of smoke are run first, and what they block is not run.
        stop: Once it is set, testees are killed, nothing more is run, and the results are those of what ran.
        report: Called with each result as it comes, by one thread at a time.

    Raises:
        CannotStart: The testee does not start at all; nothing was tested.
    """
    stop = stop or threading.Event()
    chosen = [case for case in cases if profile.scores(case) or profile.lacks(case)]
    results: dict[str, Result] = {}
    # What the processes of a run that was stopped write there meanwhile must not keep the run from being
    # reported.
    with tempfile.TemporaryDirectory(prefix="xnet-conformance-", ignore_cleanup_errors=True) as scratch:
        try:
            features = probe(testee, scratch, scale)
        except CannotStart:
            if not stop.is_set():
                raise
        else:
            results, runnable = _sort_out(testee, profile, chosen, features)
            for result in results.values():
                report(result)
            run = _Run(testee, scratch, scale, most_failures, results, stop, report)
            if stop_at_smoke:
                run.cases([case for case in runnable if is_smoke(case)], 1)
                _block(testee, runnable, results)
            run.cases([case for case in runnable if case.id not in results], jobs)
    why = "the run was interrupted" if stop.is_set() else f"{most_failures} cases had failed"
    for case in chosen:
        if case.id not in results:
            results[case.id] = Result(case, "not-run", message=f"not run: {why}", role=testee.role)
    ordered = [results[case.id] for case in chosen]
    apply_controls(ordered)
    for result in ordered:
        _expect(testee, result)
    return ordered


def _block(testee: Testee, runnable: Iterable[Case], results: dict[str, Result]) -> None:
    """Set aside what cannot pass because a case of smoke did not."""
    failed = [
        result.case
        for result in results.values()
        if is_smoke(result.case) and result.outcome in RED and testee.expectation(result.case.id) is None
    ]
    for case in runnable:
        reason = blocker(case, failed)
        if case.id not in results and reason is not None:
            message = f"blocked by {reason.id}"
            results[case.id] = Result(case, "blocked", message=message, role=testee.role)


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
            message = f"the profile {profile.name} is for implementations that do not have this"
            results[case.id] = Result(case, "unsupported", message=message, role=testee.role)
        elif missing:
            outcome = "missing-feature" if set(missing) & set(profile.requires) else "unsupported"
            message = f"the testee does not declare {', '.join(missing)}"
            results[case.id] = Result(case, outcome, message=message, role=testee.role)
        else:
            runnable.append(case)
    return results, runnable


class _Run:
    """Runs cases, some at a time, into one dict of results."""

    def __init__(
        self,
        testee: Testee,
        scratch: str,
        scale: float,
        most_failures: int,
        results: dict[str, Result],
        stop: threading.Event,
        report: Callable[[Result], None],
    ) -> None:
        self._testee = testee
        self._scratch = scratch
        self._scale = scale
        self._most_failures = most_failures
        self._results = results
        self._stop = stop
        self._report = report
        self._lock = threading.Lock()
        self._dead = 0
        self._failures = 0
        self._broken: list[BaseException] = []

    def cases(self, cases: Sequence[Case], jobs: int) -> None:
        """Run cases until there are no more, or there is a reason to stop.

        Raises:
            CannotStart: The testee does not start any more.
        """
        # Cases that share a connection come first, so that it lives as long as it can.
        waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
        for case in sorted(cases, key=lambda case: case.own):
            waiting.put(case)
        threads = [
            threading.Thread(target=self._work, args=(waiting,), name=f"run-{number}", daemon=True)
            for number in range(min(jobs, len(cases)))
        ]
        for thread in threads:
            thread.start()
        self._join(threads)
        if self._broken:
            raise self._broken[0]
        if self._dead >= _MOST_DEAD_STARTS:
            messages = (result.message for result in self._results.values())
            raise CannotStart(next(message for message in messages if message.startswith(DID_NOT_START)))

    def _join(self, threads: list[threading.Thread]) -> None:
        """Wait for threads; if the run is to end, kill what they wait for, and what they start after that."""
        left_s = _STOPPING_S
        while left_s > 0 and any(thread.is_alive() for thread in threads):
            next(thread for thread in threads if thread.is_alive()).join(_LOOK_S)
            if self._stop.is_set():
                kill_all()
                left_s -= _LOOK_S

    def _work(self, waiting: queue.SimpleQueue[Case]) -> None:
        runner: Runner = make_runner(self._testee, self._scratch, self._scale)
        try:
            upcoming = _next(waiting)
            while upcoming is not None and self._goes_on():
                case, upcoming = upcoming, _next(waiting)
                result = runner.run(case, upcoming)
                if not self._stop.is_set():  # otherwise its testee was killed by us
                    self._take(result)
        except BaseException as error:  # noqa: BLE001  (handed to the thread that waits)
            if not self._stop.is_set():
                self._broken.append(error)
        finally:
            runner.close()

    def _goes_on(self) -> bool:
        enough = 0 < self._most_failures <= self._failures
        return not (enough or self._dead >= _MOST_DEAD_STARTS or self._broken or self._stop.is_set())

    def _take(self, result: Result) -> None:
        result.role = self._testee.role
        with self._lock:
            self._dead = self._dead + 1 if result.message.startswith(DID_NOT_START) else 0
            self._failures += result.outcome in RED and self._testee.expectation(result.case.id) is None
            self._results[result.case.id] = result
            self._report(result)


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
        or result.outcome in ("unsupported", "blocked", "not-run", "harness-error")
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
