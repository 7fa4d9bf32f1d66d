"""One column of a comparison: a suite in its environment with execnet, or in the one with xnet."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from peers.cache import unpack
from peers.environments import make_execnet_environment, make_xnet_environment
from peers.outcomes import Outcome
from peers.repeats import node_id
from peers.runs import Run, RunError, run_suite
from peers.suites import Suite

ColumnName = Literal["execnet", "xnet"]
COLUMNS: Final[tuple[ColumnName, ...]] = ("execnet", "xnet")

# One test of any suite here takes seconds; longer is a hang.
_ALONE_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True)
class Column:
    """A suite that is ready to run.

    Attributes:
        name: which of the two.
        suite: what to run.
        python: the interpreter of its environment.
        archive: the source distribution; each run unpacks it anew.
        cache: where trees and results go.
    """

    name: ColumnName
    suite: Suite
    python: Path
    archive: Path
    cache: Path

    def run(self, number: int) -> Run:
        """Run the whole suite.

        Raises:
            RunError: no results were written.
        """
        return self._run(self.suite, str(number))

    def run_alone(self, test: str) -> Outcome | None:
        """Run one test and return its outcome; None if it did not run, or the run hung or died."""
        node = node_id(test, self._unpack("alone"))
        if node is None:
            return None
        suite = replace(self.suite, tests=node, timeout_s=_ALONE_TIMEOUT_S)
        try:
            return self._run(suite, "alone").outcomes.get(test)
        except RunError as error:
            say(f"{test} alone on {self.name}: {error}")
            return None

    def _run(self, suite: Suite, label: str) -> Run:
        plugins = () if self.name == "execnet" else ("xnet.xdist", *suite.plugins_on_xnet)
        results = self.cache / "results" / self._place(label)
        return run_suite(suite, self.python, self._unpack(label), results, plugins)

    def _unpack(self, label: str) -> Path:
        return unpack(self.archive, self.cache / "trees" / self._place(label))

    def _place(self, label: str) -> str:
        return f"{self.suite.name}-{self.name}-{label}"


def make_column(name: ColumnName, suite: Suite, archive: Path, cache: Path) -> Column:
    """Make the environment of a column.

    Raises:
        SetUpError: it could not be made.
    """
    make: Callable[[Suite, Path], Path] = (
        make_execnet_environment if name == "execnet" else make_xnet_environment
    )
    say(f"{suite.name} {suite.version}: making the environment with {name}")
    python = make(suite, cache / "environments" / f"{suite.name}-{name}")
    return Column(name, suite, python, archive, cache)


def say(text: str) -> None:
    """Report progress; standard output is for results."""
    print(f"peers: {text}", file=sys.stderr, flush=True)
