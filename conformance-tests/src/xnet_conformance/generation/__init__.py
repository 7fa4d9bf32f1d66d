"""Cases that follow from rules: a module for each rule, with a function ``generate() -> list[Case]``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import attrs

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
from xnet_conformance.specification import FRAME_TYPES

if TYPE_CHECKING:
    from xnet_conformance.case import Case

#: Frames that only peers which announced a feature know.
_FEATURES: Final = {row.name: row.feature for row in FRAME_TYPES if row.feature}


def generate() -> list[Case]:
    """Return all generated cases; they are made once."""
    return list(_generate())


@functools.cache
def _generate() -> tuple[Case, ...]:
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
    return tuple(_needing(case) for rule in rules for case in rule.generate())


def _needing(case: Case) -> Case:
    """Return a case that needs the features of the frames it sends, whatever rule it follows from."""
    sent = str([step.get(how) for step in case.steps for how in ("send", "raw")])
    missing = {feature for name, feature in _FEATURES.items() if name in sent} - set(case.needs)
    return attrs.evolve(case, needs=(*case.needs, *sorted(missing))) if missing else case
