"""Tests that ended differently are run again alone, on both sides, before they count.

Some tests are races, and on a loaded machine a race shows in one column and not in the other. Whatever is
excused here stays in the report, with every outcome that was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from peers.comparison import Attempt
from peers.outcomes import Outcome

ATTEMPTS: Final = 3
# More differences than this are not chance, and running each of them up to six times would take too long.
MOST_REPEATED: Final = 12

# Runs one test on one side.
RunAlone = Callable[[str], Outcome | None]


def repeat(tests: Iterable[str], on_execnet: RunAlone, on_xnet: RunAlone) -> dict[str, tuple[Attempt, ...]]:
    """Run each test alone, on both sides in turn, until it ends equally; at most `ATTEMPTS` times.

    Returns:
        Test id -> its attempts; nothing at all if there are more than `MOST_REPEATED` tests.
    """
    every = list(tests)
    if len(every) > MOST_REPEATED:
        return {}
    return {test: tuple(_attempts(test, on_execnet, on_xnet)) for test in every}


def _attempts(test: str, on_execnet: RunAlone, on_xnet: RunAlone) -> list[Attempt]:
    attempts: list[Attempt] = []
    while len(attempts) < ATTEMPTS and not any(attempt.is_equal for attempt in attempts):
        attempts.append(Attempt(on_execnet(test), on_xnet(test)))
    return attempts


def node_id(test: str, tree: Path) -> str | None:
    """Return what pytest calls a test of a JUnit file, or None if its module is not in the tree.

    `testing.acceptance_test.TestLoad::test_x` is `testing/acceptance_test.py::TestLoad::test_x`. Only the
    files tell where the module's name ends and the classes begin.
    """
    classname, _, name = test.partition("::")
    parts = classname.split(".")
    for end in range(len(parts), 0, -1):
        module = "/".join(parts[:end]) + ".py"
        if (tree / module).is_file():
            return "::".join([module, *parts[end:], name])
    return None
