"""The smallest conversation of a case that still fails in the same way: the part to understand."""

from __future__ import annotations

import contextlib
import tempfile
import time
from typing import TYPE_CHECKING, Final

import attrs

from xnet_conformance.role_runners import make_runner

if TYPE_CHECKING:
    from xnet_conformance.results import Result
    from xnet_conformance.testee import Testee

#: For one case; a case that fails by a time limit waits for it with each attempt.
MOST_S: Final = 60.0


def shrink(testee: Testee, failed: Result, scale: float = 1.0) -> Result:
    """Leave out steps one by one, from the end on, as long as the rest fails in the same way.

    Args:
        testee: Whom.
        failed: What became of the whole case.
        scale: Stretches time limits.

    Returns:
        The result of the smallest case, whose ``case`` has the steps; `failed` if nothing can be left out,
        or if the case passes alone.
    """
    smallest = failed
    until = time.monotonic() + MOST_S * scale
    with tempfile.TemporaryDirectory(prefix="xnet-conformance-") as scratch:
        runner = make_runner(testee, scratch, scale)
        with contextlib.closing(runner):
            for number in reversed(range(len(failed.case.steps))):
                steps = smallest.case.steps
                left = steps[:number] + steps[number + 1 :]
                if not left or time.monotonic() > until:
                    break
                result = runner.run(attrs.evolve(smallest.case, steps=left, own=True))
                if (result.outcome, result.message) == (failed.outcome, failed.message):
                    smallest = result
    return smallest
