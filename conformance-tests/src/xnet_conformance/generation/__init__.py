"""Cases that follow from rules: a module for each rule, with a function ``generate() -> list[Case]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnet_conformance.generation import (
    channel_ids,
    frame_rules,
    malformed,
    rsync_states,
    state_tables,
    values,
)

if TYPE_CHECKING:
    from xnet_conformance.case import Case


def generate() -> list[Case]:
    """Return all generated cases."""
    rules = (frame_rules, values, malformed, state_tables, channel_ids, rsync_states)
    return [case for rule in rules for case in rule.generate()]
