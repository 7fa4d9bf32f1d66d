"""Rules for every test run here.

They say how hypothesis works, that no test is skipped in silence, that signals arrive whoever started a run,
and that a failed test leaves no process behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# What needs the lock of a connection looks if it is held, here and in the workers that tests start.
os.environ.setdefault("XNET_CHECK_LOCKS", "1")

# pytest's own words where the author of a test gave no reason
NO_REASON = {"", "unconditional skip"}

try:
    import hypothesis
except ImportError:  # a package whose tests do not use it need not declare it
    pass
else:
    # A slow or busy machine is no bug of ours: no example has a deadline, the time limit of the test stands.
    hypothesis.settings.register_profile("default", deadline=None)
    # The same examples on each run of a build, so that a red build can be made red again.
    hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
    hypothesis.settings.register_profile("few", deadline=None, derandomize=True, max_examples=10)
    hypothesis.settings.register_profile("thorough", deadline=None, max_examples=5000)
    hypothesis.settings.load_profile(
        os.environ.get("XNET_HYPOTHESIS") or ("ci" if "CI" in os.environ else "default")
    )

# Programs inherit both variables: so it can be found which run and which test started a process.
RUN, TEST = "XNET_TEST_RUN", "PYTEST_CURRENT_TEST"
FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Let signals arrive, here and in what tests start, and give this run a name."""
    in_xdist = hasattr(config, "workerinput")  # its run is part of that of the process which started it
    os.environ[RUN] = f"{os.environ.get(RUN, '')}/{os.getpid()}"
    # Where a test looks for an interpreter in PATH, that is the one which runs it, whatever the machine has.
    here = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])
    # nohup and the background of a shell ignore signals. Programs inherit that, but not handlers.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # This one does nothing, so that a run under nohup still outlives its terminal.
    if os.name == "posix" and (in_xdist or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN):
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that a test failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the orphans that a failed test has left. What still has a parent may be for other tests, too."""
    result = yield
    if item.stash.get(FAILED, False):
        kill_started(item.nodeid)
    return result


def kill_started(test: str | None = None) -> None:
    """Kill what this run has started and is still there, or the orphans of one test, where there is /proc."""
    run = os.environ[RUN]
    for _ in range(10):  # one that is killed may have started another, or leave orphans
        found = [
            number
            for number, start in _started()
            # A test may be a run of pytest itself, whose name begins with that of ours.
            if f"{start[RUN]}/".startswith(f"{run}/")
            and (test is None or (start[TEST].rpartition(" ")[0] == test and not _is_below_us(number)))
        ]
        for number in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        if not found:
            return


def _started() -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each process that was started with a test's environment, and that environment."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            words = file.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # of somebody else, or gone
            continue
        start = dict(word.split("=", 1) for word in words if word.startswith((f"{RUN}=", f"{TEST}=")))
        if len(start) == 2:
            yield int(file.parent.name), start


def _is_below_us(number: int) -> bool:
    """Return whether a process is a child of this one, or a child of one."""
    with contextlib.suppress(OSError):  # it, or one between, is gone
        while number > 1:
            if number == os.getpid():
                return True
            number = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests were skipped, by reason: a skip is a thing not known."""
    reasons = Counter(_reasons(terminalreporter))
    if not reasons:
        return
    terminalreporter.section(f"{sum(reasons.values())} skipped, by reason")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:5}  {reason or '(no reason given)'}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if a test was skipped without a reason; end what a run that failed has left."""
    if session.exitstatus != 0:
        kill_started()
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and session.exitstatus == 0 and NO_REASON & set(_reasons(reporter)):
        session.exitstatus = 1
        reporter.line("")
        reporter.line(
            "FAILED: a test was skipped without a reason; give one: pytest.skip('needs ...')", red=True
        )


def _reasons(reporter: pytest.TerminalReporter) -> list[str]:
    return [_reason(report.longrepr) for report in reporter.stats.get("skipped", [])]


def _reason(longrepr: object) -> str:
    # (path, line, "Skipped: reason") for a skipped test; "Skipped" alone if the author gave none
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return str(text).removeprefix("Skipped").lstrip(": ").strip()
