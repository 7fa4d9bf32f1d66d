"""Cases that follow from rules: one module for each rule, each with a function ``generate() -> list[Case]``."""

from __future__ import annotations

from xnet_conformance.case import Case
from xnet_conformance.generation import frame_rules, malformed, state_tables, values


def generate() -> list[Case]:
    """Return all generated cases."""
    return [*frame_rules.generate(), *values.generate(), *malformed.generate(), *state_tables.generate()]
