"""The areas of `areas.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

#: Where they are written down.
AREAS: Final = Path(__file__).with_name("areas.yaml")


@dataclass(frozen=True)
class Area:
    """Modules, and the tests that are theirs.

    Attributes:
        name: what one types to measure it.
        sources: import names of packages.
        tests: what pytest is given.
        percent: what it has at least, of statements and branches, rounded down.
    """

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    percent: int


def read_areas(file: Path = AREAS) -> dict[str, Area]:
    """Return the areas by name."""
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        name: Area(name, tuple(area["sources"]), tuple(area["tests"]), area["percent"])
        for name, area in found.items()
    }
