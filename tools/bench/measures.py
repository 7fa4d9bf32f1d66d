"""What a row of the table is: a figure, its unit, and the aims it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

OURS: Final = "xnet"
PEERS: Final = ("execnet", "multiprocessing")
IMPLEMENTATIONS: Final = (OURS, *PEERS)


@dataclass(frozen=True)
class Aim:
    """A bound for a figure or for the ratio of two.

    Attributes:
        relation: `<=` where less is better, `>=` where more is.
        bound: the value that is just good enough.
    """

    relation: Literal["<=", ">="]
    bound: float

    def is_met_by(self, value: float) -> bool:
        """Say whether a value keeps to the bound."""
        return value <= self.bound if self.relation == "<=" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:g}"


@dataclass(frozen=True)
class Measure:
    """One row.

    Attributes:
        name: its key in the figures of a case and in the JSON file.
        title: its words in the table.
        unit: of the figure.
        aims: peer -> aim for our figure divided by that peer's.
        absolute_aim: aim for our figure itself, if there is one.
        compared_with: the measure whose figures stand for the peers, where they have no such thing.
    """

    name: str
    title: str
    unit: str
    aims: Mapping[str, Aim] = field(default_factory=dict)
    absolute_aim: Aim | None = None
    compared_with: str | None = None


@dataclass(frozen=True)
class Case:
    """One module of `bench.cases`, and the rows it fills.

    Attributes:
        name: of the module, and what one gives to `--only`.
        measures: its rows, in the order of the table.
        implementations: those it is run for.
        most_rounds: fewer rounds than asked for, where one is long and its figures hardly vary.
        timeout_s: how long one run may take before it counts as hung.
    """

    name: str
    measures: tuple[Measure, ...]
    implementations: tuple[str, ...] = IMPLEMENTATIONS
    most_rounds: int | None = None
    timeout_s: float = 120.0
