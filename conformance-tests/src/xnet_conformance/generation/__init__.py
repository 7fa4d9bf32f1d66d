"""Cases that follow from rules: one module for each rule, each with a function ``generate() -> list[Case]``."""

from __future__ import annotations

from xnet_conformance.case import Case


def generate() -> list[Case]:
    """Return all generated cases."""
    return []
