"""One case for each row of the state tables that a peer can cause."""

from __future__ import annotations

from typing import Any, Final

from xnet_conformance.case import Case
from xnet_conformance.generation.frame_rules import RIGHT
from xnet_conformance.specification import FRAME_TYPES, read_specification

#: How a channel that nothing receives from gets into a state. ``b`` is a channel of the testee's making.
_STATES: Final[dict[str, list[dict[str, Any]]]] = {
    "open": [],
    "ended": [{"send": {"CHANNEL_LAST_MESSAGE": {"ch": "b"}}}],
    "closed": [{"send": {"CHANNEL_CLOSE": {"ch": "b"}}}],
}
_INPUTS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "RECV_ITEM": {
        "data": {"CHANNEL_DATA": {"ch": "b", "item": 1}},
        "part": {"CHANNEL_PART": {"ch": "b", "hex": "6161"}},
        "batch": {"CHANNEL_BATCH": {"ch": "b", "items": [1, 2]}},
    },
    "RECV_LAST": {"last": {"CHANNEL_LAST_MESSAGE": {"ch": "b"}}},
    "RECV_CLOSE": {
        "close": {"CHANNEL_CLOSE": {"ch": "b"}},
        "close-error": {"CHANNEL_CLOSE_ERROR": {"ch": "b", "text": "over"}},
    },
}


def generate() -> list[Case]:
    """Return the cases."""
    return [*_receive_half(), *_connection()]


def _receive_half() -> list[Case]:
    machine = read_specification()["machines"]["receive-half"]
    cases = []
    for row in machine["transitions"]:
        for name, frame in _INPUTS.get(row["input"], {}).items():
            id_ = f"channel.receive-half.{row['state']}.{name}"
            steps = [{"kept_channel": {"by": "a", "ch": "b"}}, *_STATES[row["state"]], {"send": frame}]
            error = row.get("error")
            if error:
                steps.append({"goaway": error})
            elif row["state"] != "closed":
                # The testee's application may close what has ended at its side (CH-052).
                steps.append({"barrier": {"allow": ["b"]}})
            else:
                steps.append({"barrier": True})
            cases.append(
                Case(
                    id=id_,
                    layer="channel",
                    req=(row["id"],),
                    title=f"{next(iter(frame))} on a channel whose receive half is {row['state']}",
                    roles=("worker", "initiator"),
                    steps=tuple(steps),
                    own=bool(error),
                    control="channel.receive-half.open." + name if error else None,
                    source="generated: state tables",
                )
            )
    return cases


def _connection() -> list[Case]:
    """Rows of the connection's machine for a worker; those of the state hello are in frame_rules."""
    cases = []
    for row in FRAME_TYPES:
        if row.name in ("OUTPUT", "GATEWAY_TERMINATE"):
            continue
        frame = {
            row.name: {"ch": 0 if row.channel == "zero" else "n", **RIGHT[row.payload], "overdraw": True}
        }
        cases.append(
            Case(
                id=f"group.ended.{row.name}",
                layer="group",
                req=("ER-005", "ER-002"),
                title=f"{row.name} on a connection that has ended is dropped",
                roles=("worker", "initiator"),
                own=True,
                control="frames.ping.echo",
                # Both in one write, so that the second has arrived when the first is checked.
                steps=(
                    {"raw": {"frames": [{"TYPE_18": {}}, frame]}},
                    {"goaway": "FRAME_UNKNOWN_TYPE"},
                    {"end": {}},
                ),
                source="generated: state tables",
            )
        )
    terminating: list[dict[str, Any]] = [
        {"exec": {"ch": "a", "fixture": "linger"}},
        {"expect": {"ITEM": {"ch": "a"}}},
        {"send": "GATEWAY_TERMINATE"},
    ]
    for state, before in (("running", []), ("terminating", terminating)):
        cases.append(
            Case(
                id=f"gateway.hello.second.{state}",
                layer="gateway",
                req=("HS-008",),
                title=f"a second HELLO while the connection is {state}",
                roles=("worker", "initiator") if state == "running" else ("worker",),
                own=True,
                control="frames.ping.echo",
                steps=(*before, {"send": {"HELLO": {"hello": {}}}}, {"goaway": "STATE_VIOLATION"}),
                limit_s=20,
                source="generated: state tables",
            )
        )
    return cases
