"""Cases that follow from rules: a module for each rule, with a function ``generate() -> list[Case]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnet_conformance.generation import frame_rules, malformed, state_tables, values

if TYPE_CHECKING:
    from xnet_conformance.case import Case


def generate() -> list[Case]:
    """Return all generated cases."""
    return [*frame_rules.generate(), *values.generate(), *malformed.generate(), *state_tables.generate()]
