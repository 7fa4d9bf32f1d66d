"""Cases that follow from rules: a module for each rule, with a function ``generate() -> list[Case]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnet_conformance.generation import (
    channel_ids,
    check_order,
    frame_rules,
    hello_rules,
    malformed,
    rsync_states,
    state_tables,
    values,
)

if TYPE_CHECKING:
    from xnet_conformance.case import Case


def generate() -> list[Case]:
    """Return all generated cases."""
    rules = (
        frame_rules,
        check_order,
        values,
        malformed,
        state_tables,
        channel_ids,
        hello_rules,
        rsync_states,
    )
    return [case for rule in rules for case in rule.generate()]
