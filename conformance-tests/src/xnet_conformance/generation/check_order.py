"""Frames that break two rules at once: the first one of the table gives the code. Spec: ER-020."""

from __future__ import annotations

from typing import Any, Final

import attrs

from xnet_conformance.case import Case
from xnet_conformance.specification import FRAME_TYPES

Steps = list[dict[str, Any]]

#: Frames that only peers which announce a feature know.
_FEATURES: Final = {row.name: row.feature for row in FRAME_TYPES if row.feature}

_TOO_LONG: Final = 1_048_577
#: Frames whose payload matches no rule, by type.
_BAD_PAYLOADS: Final[dict[str, dict[str, Any]]] = {
    "CHANNEL_CLOSE": {"hex": "00"},
    "CHANNEL_CLOSE_ERROR": {"hex": "6178"},
    "CHANNEL_LAST_MESSAGE": {"hex": "00"},
    "CHANNEL_CREDIT": {"hex": "00"},
    "CHANNEL_PART": {},
    "RECONFIGURE": {"hex": "80"},
}
_OF_INITIATORS: Final[dict[str, dict[str, Any]]] = {
    "STATUS": {"ch": "n", "hex": "00"},
    "INFO": {"ch": "n", "hex": "00"},
    "CHANNEL_EXEC": {"ch": "n", "hex": "ff"},
    "CHANNEL_CANCEL": {"ch": "n", "hex": "00"},
    "GATEWAY_TERMINATE": {"hex": "ff"},
}
_BEFORE_HELLO: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "unknown-type": ("FRAME_UNKNOWN_TYPE", {"TYPE_18": {"ch": 3, "length": 70_000}}),
    "too-long": ("FRAME_TOO_LARGE", {"PING": {"length": 65_537}}),
    "ignorable-too-long": ("FRAME_TOO_LARGE", {"TYPE_150": {"ch": 5, "length": 65_537}}),
    "malformed": ("STATE_VIOLATION", {"CHANNEL_CLOSE_ERROR": {"ch": "n", "hex": "ff"}}),
    "malformed-request": ("STATE_VIOLATION", {"CHANNEL_EXEC": {"ch": "n", "hex": "ff"}}),
    "long-ping": ("STATE_VIOLATION", {"PING": {"zeros": 65}}),
    "hello-on-a-channel": ("STATE_VIOLATION", {"HELLO": {"ch": 1, "hello": {}}}),
    "hello-on-a-channel-malformed": ("STATE_VIOLATION", {"HELLO": {"ch": 2, "hex": "ff"}}),
    "hello-on-a-channel-version": ("STATE_VIOLATION", {"HELLO": {"ch": 1, "hello": {"version": [2, 0]}}}),
}
_SECOND_HELLO: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "malformed": ("STATE_VIOLATION", {"HELLO": {"hex": "ff"}}),
    "nothing": ("STATE_VIOLATION", {"HELLO": {"hex": ""}}),
    "version": ("STATE_VIOLATION", {"HELLO": {"hello": {"version": [2, 0]}}}),
    "config": ("STATE_VIOLATION", {"HELLO": {"hello": {"config": {"chdir": "/dev/null/x"}}}}),
    "long": ("STATE_VIOLATION", {"HELLO": {"zeros": 65_537}}),
    "on-a-channel": ("STATE_VIOLATION", {"HELLO": {"ch": 1, "hex": "ff"}}),
    "too-long": ("FRAME_TOO_LARGE", {"HELLO": {"length": _TOO_LONG}}),
}
_HALF: Final = {"CHANNEL_DATA": {"ch": "b", "item": {"t": "bytes", "n": 600_000}}}
_ENDED: Final = {"send": {"CHANNEL_LAST_MESSAGE": {"ch": "b"}}}
_PIECE: Final = {"send": {"CHANNEL_PART": {"ch": "b", "hex": "82"}}}
#: What is done with channel b, which the testee holds, and what that is answered with.
_ON_CHANNELS: Final[dict[str, tuple[str, Steps]]] = {
    "ended-then-head": ("STATE_VIOLATION", [_ENDED, {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "80"}}}]),
    "ended-then-value": ("STATE_VIOLATION", [_ENDED, {"send": {"CHANNEL_DATA": {"ch": "b", "hex": "ff"}}}]),
    "ended-then-credit": (
        "STATE_VIOLATION",
        [_ENDED, {"send": {"CHANNEL_DATA": {"ch": "b", "ones": 1_048_576, "overdraw": True}}}],
    ),
    "payload-then-ended": (
        "PAYLOAD_MALFORMED",
        [_ENDED, {"send": {"CHANNEL_LAST_MESSAGE": {"ch": "b", "hex": "00"}}}],
    ),
    "part-then-head": ("STATE_VIOLATION", [_PIECE, {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "80"}}}]),
    "payload-then-part": (
        "PAYLOAD_MALFORMED",
        [_PIECE, {"send": {"CHANNEL_LAST_MESSAGE": {"ch": "b", "hex": "00"}}}],
    ),
    "head-then-credit": (
        "VALUE_MALFORMED",
        [{"send": _HALF}, {"send": {"CHANNEL_BATCH": {"ch": "b", "ones": 600_000, "overdraw": True}}}],
    ),
    "empty-head-then-credit": (
        "VALUE_MALFORMED",
        [
            {"send": _HALF},
            {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "80", "zeros": 600_000, "overdraw": True}}},
        ],
    ),
    "indefinite-head-then-credit": (
        "VALUE_MALFORMED",
        [
            {"send": _HALF},
            {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "9f", "zeros": 600_000, "overdraw": True}}},
        ],
    ),
    "credit-then-value": (
        "CREDIT_OVERDRAWN",
        [{"send": _HALF}, {"send": {"CHANNEL_DATA": {"ch": "b", "ones": 600_000, "overdraw": True}}}],
    ),
}
_FULL: Final[dict[str, tuple[str, Steps]]] = {
    "used": ("STATE_VIOLATION", [{"send": {"CHANNEL_OPEN": {"ch": "a"}}}]),
    "theirs": (
        "ROLE_VIOLATION",
        [{"unborn": {"ch": "b", "of": "testee"}}, {"send": {"CHANNEL_OPEN": {"ch": "b"}}}],
    ),
    "payload": ("PAYLOAD_MALFORMED", [{"send": {"CHANNEL_OPEN": {"ch": "b", "hex": "00"}}}]),
}


def generate() -> list[Case]:
    """Return the cases."""
    return [*_handshake(), *_lengths(), *_roles(), *_opening(), *_unborn(), *_gone(), *_channels()]


def _case(id_: str, title: str, steps: Steps, code: str, **more: Any) -> Case:
    return Case(
        id=f"frames.order.{id_}",
        layer="wire.frames",
        req=("ER-020",),
        title=title,
        roles=more.pop("roles", ("worker", "initiator")),
        own=True,
        control=more.pop("control", "frames.ping.echo"),
        steps=(*steps, {"goaway": code}),
        source="generated: check order",
        **more,
    )


def _needs(name: str) -> tuple[str, ...]:
    return (_FEATURES[name],) if name in _FEATURES else ()


def _handshake() -> list[Case]:
    cases = [
        _case(
            f"before-hello.{name}",
            "before HELLO",
            [{"send": frame}],
            code,
            start={"handshake": False},
            control="gateway.hello.late",
        )
        for name, (code, frame) in _BEFORE_HELLO.items()
    ]
    cases += [
        _case(f"second-hello.{name}", "a second HELLO", [{"send": frame}], code, needs=("limits.default",))
        for name, (code, frame) in _SECOND_HELLO.items()
    ]
    return cases


def _lengths() -> list[Case]:
    frames = {
        "channel-0": {"CHANNEL_DATA": {"ch": 0, "length": _TOO_LONG}},
        "channel": {"PING": {"ch": 3, "length": _TOO_LONG}},
        "payload": {"CHANNEL_CLOSE": {"ch": "n", "length": _TOO_LONG}},
        "unborn": {"CHANNEL_CREDIT": {"ch": "n", "length": _TOO_LONG}},
        "request": {"CHANNEL_EXEC": {"ch": "n", "length": _TOO_LONG}},
        "terminate": {"GATEWAY_TERMINATE": {"ch": 1, "length": _TOO_LONG}},
    }
    return [
        _case(
            f"length-then.{name}",
            "a frame that is too long is that first",
            [{"send": frame}],
            "FRAME_TOO_LARGE",
            needs=("limits.default",),
        )
        for name, frame in frames.items()
    ]


def _roles() -> list[Case]:
    return [
        _case(
            f"role-then-payload.{name}",
            f"{name} from the wrong role, with a payload that does not match",
            [{"send": {name: fields}}],
            "ROLE_VIOLATION",
            roles=("initiator",),
        )
        for name, fields in _OF_INITIATORS.items()
    ]


def _opening() -> list[Case]:
    cases = []
    for name, data, roles in (
        ("CHANNEL_OPEN", "00", ("worker", "initiator")),
        ("CHANNEL_EXEC", "a0", ("worker",)),
        ("STATUS", "00", ("worker",)),
    ):
        for state, before in (
            ("theirs", {"unborn": {"ch": "b", "of": "testee"}}),
            ("used", {"send": {"CHANNEL_OPEN": {"ch": "b"}}}),
        ):
            cases.append(
                _case(
                    f"payload-then-id.{name}.{state}",
                    f"{name} with a payload that does not match, and an id that it cannot open",
                    [before, {"send": {name: {"ch": "b", "hex": data}}}],
                    "PAYLOAD_MALFORMED",
                    roles=roles,
                )
            )
    cases += [
        _case(
            f"id-then-number.{name}",
            "an id that cannot be opened, when as many channels are open as may be",
            [{"send": {"CHANNEL_OPEN": {"ch": "a"}}}, {"fill_channels": True}, *steps],
            code,
            limit_s=40,
        )
        for name, (code, steps) in _FULL.items()
    ]
    return cases


def _unborn() -> list[Case]:
    cases = [
        _case(
            f"payload-then-unborn.{name}",
            f"{name} with a payload that does not match, on an id that nobody has opened",
            [{"unborn": {"ch": "b"}}, {"send": {name: {"ch": "b", **fields}}}],
            "PAYLOAD_MALFORMED",
            needs=_needs(name),
        )
        for name, fields in _BAD_PAYLOADS.items()
    ]
    for name, data in (("CHANNEL_DATA", "ff"), ("CHANNEL_BATCH", "80")):
        cases.append(
            _case(
                f"unborn-then-value.{name}",
                f"{name} with a payload that does not match, on an id that nobody has opened",
                [{"unborn": {"ch": "b"}}, {"send": {name: {"ch": "b", "hex": data, "overdraw": True}}}],
                "STATE_VIOLATION",
            )
        )
    return cases


def _gone() -> list[Case]:
    cases = []
    opened: dict[str, Steps] = {
        "closed": [{"send": {"CHANNEL_OPEN": {"ch": "b"}}}, {"send": {"CHANNEL_CLOSE": {"ch": "b"}}}],
        "closed-theirs": [{"kept_channel": {"by": "a", "ch": "b"}}, {"send": {"CHANNEL_CLOSE": {"ch": "b"}}}],
    }
    for state, before in opened.items():
        for name, fields in _BAD_PAYLOADS.items():
            one = _case(
                f"payload-then-gone.{state}.{name}",
                f"{name} with a payload that does not match, on a channel that is gone",
                [*before, {"send": {name: {"ch": "b", **fields}}}],
                "PAYLOAD_MALFORMED",
                needs=_needs(name),
                control=f"frames.order.gone-then-value.{state}",
            )
            cases.append(attrs.evolve(one, req=("ER-020", "CH-061")))
        items: Steps = [
            {"send": {"CHANNEL_DATA": {"ch": "b", "hex": "ff", "overdraw": True}}},
            {"send": {"CHANNEL_DATA": {"ch": "b", "hex": "", "overdraw": True}}},
            {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "80", "overdraw": True}}},
            {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "", "overdraw": True}}},
            {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "9f01ff", "overdraw": True}}},
            {"send": {"CHANNEL_PART": {"ch": "b", "hex": "ff", "overdraw": True}}},
            {"send": {"CHANNEL_BATCH": {"ch": "b", "hex": "8101", "overdraw": True}}},
            {"send": {"CHANNEL_LAST_MESSAGE": {"ch": "b"}}},
            {"send": {"CHANNEL_LAST_MESSAGE": {"ch": "b"}}},
            {"send": {"CHANNEL_DATA": {"ch": "b", "item": 1, "overdraw": True}}},
        ]
        cases.append(
            Case(
                id=f"frames.order.gone-then-value.{state}",
                layer="wire.frames",
                req=("ER-020", "CH-061"),
                title="items of a channel that is gone are dropped, whatever they are",
                roles=("worker", "initiator"),
                own=True,
                steps=(*before, *items, {"barrier": True}),
                source="generated: check order",
            )
        )
    return cases


def _channels() -> list[Case]:
    return [
        _case(
            f"channel.{name}",
            "a frame that breaks two rules of its channel",
            [{"kept_channel": {"by": "a", "ch": "b"}}, *steps],
            code,
            needs=("limits.default",),
        )
        for name, (code, steps) in _ON_CHANNELS.items()
    ]
