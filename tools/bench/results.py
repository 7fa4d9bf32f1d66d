"""From samples to rows: medians, ratios, and whether the aims are met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.measures import OURS, PEERS, Aim, Case, Measure
from bench.median import median


@dataclass
class Samples:
    """Everything that was measured.

    Attributes:
        figures: (measure, implementation) -> one figure per round.
        failures: sentences about runs that gave no figures.
    """

    figures: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, implementation: str, figures: Mapping[str, float]) -> None:
        """Add what one run measured."""
        for measure, figure in figures.items():
            self.figures.setdefault((measure, implementation), []).append(figure)

    def median_of(self, measure: str, implementation: str) -> float | None:
        """Return the median over the rounds, or None if nothing was measured."""
        found = self.figures.get((measure, implementation))
        return median(found) if found else None


@dataclass(frozen=True)
class Comparison:
    """Our figure against one bound.

    Attributes:
        ratio: ours divided by the peer's; for an absolute aim our figure itself.
        aim: None where the ratio is shown for information only.
    """

    ratio: float
    aim: Aim | None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None without an aim."""
        return None if self.aim is None else self.aim.is_met_by(self.ratio)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        measure: what it is about.
        medians: implementation -> figure, only those that were measured.
        against: peer -> comparison, only where both figures are there.
        absolute: comparison of our figure with an absolute aim.
    """

    measure: Measure
    medians: Mapping[str, float]
    against: Mapping[str, Comparison]
    absolute: Comparison | None

    @property
    def verdicts(self) -> list[bool]:
        """One truth value per aim that could be judged."""
        comparisons = [*self.against.values(), *([self.absolute] if self.absolute else [])]
        return [met for comparison in comparisons if (met := comparison.is_met) is not None]


def make_rows(cases: Iterable[Case], samples: Samples) -> list[Row]:
    """Return a row for each measure of the cases, in their order."""
    return [_make_row(measure, samples) for case in cases for measure in case.measures]


def _make_row(measure: Measure, samples: Samples) -> Row:
    ours = samples.median_of(measure.name, OURS)
    medians = {} if ours is None else {OURS: ours}
    against = {}
    for peer in PEERS:
        theirs = samples.median_of(measure.compared_with or measure.name, peer)
        if theirs is None:
            continue
        medians[peer] = theirs
        if ours is not None and theirs > 0:
            against[peer] = Comparison(ours / theirs, measure.aims.get(peer))
    absolute = None
    if ours is not None and measure.absolute_aim is not None:
        absolute = Comparison(ours, measure.absolute_aim)
    return Row(measure, medians, against, absolute)
