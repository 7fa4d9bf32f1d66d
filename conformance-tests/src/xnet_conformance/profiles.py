"""What is scored: a profile names a role, a version of the specification and the features it asks for."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any, Final

import attrs
import yaml

from xnet_conformance.errors import UsageError
from xnet_conformance.specification import SUITE

if TYPE_CHECKING:
    from pathlib import Path

    from xnet_conformance.case import Case

FOLDER: Final[Path] = SUITE / "profiles"


@attrs.frozen
class Profile:
    """A set of cases that an implementation may claim to pass.

    Attributes:
        borrows: Patterns of cases for the role ``shows`` that count here too.
        shows: A role whose other cases are reported as unsupported, so that a report says what is missing.
    """

    name: str
    role: str
    version: str
    requires: tuple[str, ...]
    layers: tuple[str, ...]
    title: str
    shows: str = ""
    borrows: tuple[str, ...] = ()

    def scores(self, case: Case) -> bool:
        """Say whether a case counts; one of a later version is reported and not scored."""
        known = _number(case.since) <= _number(self.version)
        current = case.until is None or _number(self.version) < _number(case.until)
        return self._has(case) and known and current and case.layer in self.layers

    def _has(self, case: Case) -> bool:
        borrowed = self.shows in case.roles and any(
            fnmatch.fnmatchcase(case.id, pattern) for pattern in self.borrows
        )
        return borrowed or self.role in case.roles

    def lacks(self, case: Case) -> bool:
        """Say whether a case is only shown, as something that the implementation does not have."""
        return bool(self.shows) and self.shows in case.roles and not self.scores(case)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def read_profile(name: str) -> Profile:
    """Return a profile.

    Raises:
        UsageError: No profile has that name.
    """
    paths = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
    if name not in paths:  # a name may come from a file: do not use it as part of a path
        raise UsageError(f"unknown profile {name!r}; profiles are {', '.join(paths)}")
    raw: dict[str, Any] = yaml.safe_load(paths[name].read_text(encoding="utf-8"))
    return Profile(
        name,
        raw["role"],
        raw["version"],
        tuple(raw.get("requires", ())),
        tuple(raw["layers"]),
        raw["title"],
        raw.get("shows", ""),
        tuple(raw.get("borrows", ())),
    )
