"""Two columns of outcomes, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from peers.outcomes import Outcome
from peers.reasons import reason_of


@dataclass(frozen=True)
class Difference:
    """A test that ended differently; None stands for a test that was not run at all."""

    test: str
    execnet: Outcome | None
    xnet: Outcome | None


@dataclass(frozen=True)
class Attempt:
    """How a test ended when it was run alone, once on each side; None if it did not come to its end."""

    execnet: Outcome | None
    xnet: Outcome | None

    @property
    def is_equal(self) -> bool:
        """Whether it ended, and equally. Two runs without a result prove nothing."""
        return self.execnet is not None and self.execnet == self.xnet


@dataclass(frozen=True)
class Comparison:
    """All tests of a suite, under execnet and under xnet.

    Attributes:
        execnet: test id -> outcome.
        xnet: likewise.
        repeated: test id -> how it ended when it was run alone, for tests that were repeated.
        reasons: why tests cannot pass with xnet, as `Suite.reasons`; those do not count.
    """

    execnet: Mapping[str, Outcome]
    xnet: Mapping[str, Outcome]
    repeated: Mapping[str, Sequence[Attempt]] = field(default_factory=dict)
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def differences(self) -> list[Difference]:
        """Every test whose outcome differs, by id."""
        return [
            Difference(test, self.execnet.get(test), self.xnet.get(test))
            for test in sorted({*self.execnet, *self.xnet})
            if self.execnet.get(test) != self.xnet.get(test)
        ]

    @property
    def to_repeat(self) -> list[str]:
        """Ids of the tests whose difference would count."""
        return [found.test for found in self.differences if not self._is_explained(found)]

    @property
    def regressions(self) -> list[Difference]:
        """Tests that always pass with execnet and not always with xnet, but those settled."""
        return [
            found for found in self.unsettled if found.execnet == "passed" and not self._is_explained(found)
        ]

    @property
    def explained(self) -> Mapping[str, list[Difference]]:
        """Reason -> the tests that pass with execnet and cannot with xnet."""
        found: dict[str, list[Difference]] = {reason: [] for reason in self.reasons}
        for difference in self.differences:
            reason = reason_of(difference.test, self.reasons)
            if reason is not None and difference.execnet == "passed":
                found[reason].append(difference)
        return found

    @property
    def other_differences(self) -> list[Difference]:
        """Differences that are not losses: tests that execnet itself does not pass reliably."""
        return [
            found
            for found in self.differences
            if found.execnet != "passed" and not self._is_settled(found.test)
        ]

    @property
    def unsettled(self) -> list[Difference]:
        """Every difference that counts where a suite has to end equally."""
        return [found for found in self.differences if not self._is_settled(found.test)]

    @property
    def settled(self) -> list[Difference]:
        """Differences in the whole run of tests that ended equally when they were run alone."""
        return [found for found in self.differences if self._is_settled(found.test)]

    def _is_explained(self, found: Difference) -> bool:
        return found.execnet == "passed" and reason_of(found.test, self.reasons) is not None

    def _is_settled(self, test: str) -> bool:
        return any(attempt.is_equal for attempt in self.repeated.get(test, ()))
