"""Rules for every test run here: how hypothesis works, and that no test is skipped in silence."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests were skipped, by reason: a skip is a thing not known."""
    reasons = Counter(_reasons(terminalreporter))
    if not reasons:
        return
    terminalreporter.section(f"{sum(reasons.values())} skipped, by reason")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:5}  {reason or '(no reason given)'}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if a test was skipped without a reason."""
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
