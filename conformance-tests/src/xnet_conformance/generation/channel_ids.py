"""What becomes of each frame of a channel by the state of its id: unborn, open or gone."""

from __future__ import annotations

from typing import Any, Final

from xnet_conformance.case import Case
from xnet_conformance.generation.frame_rules import RIGHT
from xnet_conformance.specification import FRAME_TYPES, FrameType

#: How the id of ``b`` gets into a state. "theirs" are ids of the testee's parity.
STATES: Final[dict[str, list[dict[str, Any]]]] = {
    "unborn": [{"unborn": {"ch": "b"}}],
    "open": [{"send": {"CHANNEL_OPEN": {"ch": "b"}}}],
    "closed": [{"send": {"CHANNEL_OPEN": {"ch": "b"}}}, {"send": {"CHANNEL_CLOSE": {"ch": "b"}}}],
    "skipped": [{"unborn": {"ch": "b"}}, {"send": {"CHANNEL_OPEN": {"ch": "c"}}}],
    "unborn-theirs": [{"unborn": {"ch": "b", "of": "testee"}}],
    "open-theirs": [{"kept_channel": {"by": "a", "ch": "b"}}],
    "closed-theirs": [{"kept_channel": {"by": "a", "ch": "b"}}, {"send": {"CHANNEL_CLOSE": {"ch": "b"}}}],
}
WORDS: Final = {
    "unborn": "an id that nobody has opened",
    "open": "an id that is open",
    "closed": "an id that was closed",
    "skipped": "an id that was skipped",
    "unborn-theirs": "an id of the testee's that it has not opened",
    "open-theirs": "a channel that the testee has opened",
    "closed-theirs": "one of the testee's that was closed",
}
#: Those of an id that is gone. Frames on what the testee has made and closed are in `state_tables`.
_GONE: Final = ("closed", "skipped")
#: What opens a channel, and the case that shows it doing so.
OPENING: Final = {
    "CHANNEL_OPEN": "channel.open.frame",
    "CHANNEL_EXEC": "channel.open.by-exec",
    "STATUS": "gateway.status.idle",
    "INFO": "gateway.info",
}
_REQ: Final = {"RECONFIGURE": ("CH-061", "VA-042"), "CHANNEL_CREDIT": ("CH-061", "FC-013")}


def generate() -> list[Case]:
    """Return the cases."""
    cases = []
    for row in FRAME_TYPES:
        if row.name in OPENING:
            cases += [_opening(row, state) for state in STATES if state != "unborn"]
        elif (row.direction == "both" and row.channel == "nonzero") or row.name == "RECONFIGURE":
            cases += [_unborn(row, state) for state in ("unborn", "unborn-theirs")]
            cases += [_gone(row, state) for state in _GONE]
    return cases


def _opening(row: FrameType, state: str) -> Case:
    refused = "ROLE_VIOLATION" if state.endswith("theirs") else "STATE_VIOLATION"
    return _case(
        row,
        state,
        ("CH-009",),
        [{"goaway": refused}],
        control=OPENING[row.name],
        roles=("worker", "initiator") if row.direction == "both" else ("worker",),
    )


def _unborn(row: FrameType, state: str) -> Case:
    control = f"channel.ids.closed.{row.name}"
    return _case(row, state, ("CH-016",), [{"goaway": "STATE_VIOLATION"}], control=control)


def _gone(row: FrameType, state: str) -> Case:
    # Also an item: no credit comes back for what is dropped.
    after: list[dict[str, Any]] = [
        {"barrier": True},
        {"account": {"ch": "b", "returned": {"at_most": 0}, "now": True}},
    ]
    return _case(row, state, _REQ.get(row.name, ("CH-061",)), after)


def _case(
    row: FrameType,
    state: str,
    req: tuple[str, ...],
    after: list[dict[str, Any]],
    *,
    control: str | None = None,
    roles: tuple[str, ...] = ("worker", "initiator"),
) -> Case:
    return Case(
        id=f"channel.ids.{state}.{row.name}",
        layer="channel",
        req=req,
        title=f"{row.name} on {WORDS[state]}",
        roles=roles,
        own=control is not None,
        control=control,
        steps=(*STATES[state], {"send": {row.name: {"ch": "b", **RIGHT[row.payload]}}}, *after),
        source="generated: channel ids",
    )
