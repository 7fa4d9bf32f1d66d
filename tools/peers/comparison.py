"""Two columns of outcomes, and where they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from peers.outcomes import Outcome


@dataclass(frozen=True)
class Difference:
    """A test that ended differently; None stands for a test that was not run at all."""

    test: str
    execnet: Outcome | None
    xnet: Outcome | None


@dataclass(frozen=True)
class Comparison:
    """All tests of a suite, under execnet and under xnet.

    Attributes:
        execnet: test id -> outcome.
        xnet: likewise.
        is_apart: says of a test id whether it is reported apart.
    """

    execnet: Mapping[str, Outcome]
    xnet: Mapping[str, Outcome]
    is_apart: Callable[[str], bool]

    @property
    def differences(self) -> list[Difference]:
        """Every test whose outcome differs, by id."""
        return [
            Difference(test, self.execnet.get(test), self.xnet.get(test))
            for test in sorted({*self.execnet, *self.xnet})
            if self.execnet.get(test) != self.xnet.get(test)
        ]

    @property
    def regressions(self) -> list[Difference]:
        """Tests that always pass with execnet and not always with xnet, but those reported apart."""
        return [found for found in self._lost if not self.is_apart(found.test)]

    @property
    def lost_apart(self) -> list[Difference]:
        """The same among the tests reported apart."""
        return [found for found in self._lost if self.is_apart(found.test)]

    @property
    def other_differences(self) -> list[Difference]:
        """Differences that are no loss: what execnet itself does not pass reliably."""
        return [found for found in self.differences if found.execnet != "passed"]

    @property
    def _lost(self) -> list[Difference]:
        return [found for found in self.differences if found.execnet == "passed"]

    def apart(self, column: Mapping[str, Outcome]) -> list[Outcome]:
        """Return the outcomes of those tests of a column that are reported apart."""
        return [outcome for test, outcome in column.items() if self.is_apart(test)]
