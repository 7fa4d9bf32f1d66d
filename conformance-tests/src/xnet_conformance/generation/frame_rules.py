"""What each frame type is refused for, by the table of types: channel, role, payload, order, length."""

from __future__ import annotations

from typing import Any, Final

from xnet_conformance.case import Case
from xnet_conformance.specification import FRAME_TYPES, FrameType

#: A right payload for each rule, as fields of the notation of frames.
RIGHT: Final[dict[str, dict[str, Any]]] = {
    "empty": {},
    "opaque": {"hex": "6162"},
    "reconfigure": {"flags": [True, False]},
    "exec": {"exec": {"source": ""}},
    "item": {"item": 1},
    "channel-error": {"text": "x"},
    "hello": {"hello": {}},
    "credit": {"credit": 1},
    "terminate": {"times": {}},
    "goaway": {"code": "NO_ERROR", "text": "bye"},
    "batch": {"items": [1]},
}
#: An error with text and code; its frames follow.
_FRAMES: Final = "a36474657874617864636f6465656572726f72666672616d6573"
#: Payloads that match no control rule.
_WRONG: Final[dict[str, dict[str, str]]] = {
    "reconfigure": {
        "nothing": "",
        "one-flag": "81f5",
        "integers": "820100",
        "text": "6161",
        "trailing": "82f5f500",
        "null": "82f5f6",
        "tuple": "d9e42082f5f4",
        "map": "a2f5f4f4f5",
        "three": "83f5f5f5",
    },
    "exec": {
        "nothing": "",
        "no-map": "80",
        "no-source": "a0",
        "source-bytes": "a166736f757263654161",
        "key-no-text": "a266736f75726365600100",
        "call-integer": "a266736f75726365606463616c6c01",
        "kwargs-list": "a266736f7572636560666b776172677380",
        "twice": "a266736f757263656066736f7572636560",
        "trailing": "a166736f757263656000",
        "indefinite": "bf66736f7572636560ff",
        "language-integer": "a266736f7572636560686c616e677561676501",
        "follows-false": "a167666f6c6c6f7773f4",
        "follows-integer": "a167666f6c6c6f777301",
        "follows-and-source": "a267666f6c6c6f7773f566736f7572636560",
        "follows-and-service": "a267666f6c6c6f7773f567736572766963656178",
        "service-and-source": "a266736f757263656067736572766963656178",
        "service-null": "a16773657276696365f6",
        "service-bytes": "a167736572766963654178",
        "service-kwargs-list": "a267736572766963656178666b776172677380",
        "kwargs-key": "a266736f7572636560666b7761726773a10102",
        "too-deep": "a266736f7572636560636e6577" + "81" * 64 + "01",
        "channel-in-unknown": "a266736f7572636560636e6577d9e42201",
        "channel-in-kwargs": "a266736f7572636560666b7761726773a16161d9e42201",
        "file-integer": "a266736f75726365606466696c6501",
        "file-bytes": "a266736f75726365606466696c654178",
        "call-bytes": "a266736f75726365606463616c6c4178",
        "language-bytes": "a266736f7572636560686c616e67756167654178",
        "kwargs-null": "a266736f7572636560666b7761726773f6",
        "kwargs-integer": "a266736f7572636560666b776172677305",
        "kwargs-text": "a266736f7572636560666b77617267736178",
        "kwargs-key-bytes": "a266736f7572636560666b7761726773a1416101",
        "kwargs-key-integer": "a266736f7572636560666b7761726773a10101",
        "kwargs-key-null": "a266736f7572636560666b7761726773a1f601",
        "kwargs-second-key-bytes": "a266736f7572636560666b7761726773a2616101416201",
        "key-bytes": "a266736f7572636560416101",
        "source-null": "a166736f75726365f6",
        "source-integer": "a166736f7572636505",
        "service-kwargs-key-bytes": "a267736572766963656178666b7761726773a1416101",
        "follows-text": "a167666f6c6c6f77736474727565",
        "follows-null": "a167666f6c6c6f7773f6",
        "all-three": "a367666f6c6c6f7773f566736f757263656067736572766963656178",
    },
    "terminate": {
        "nothing": "",
        "no-map": "80",
        "key-no-text": "a10000",
        "negative": "a16666696e69736820",
        "too-long": "a16666696e6973681a05265c01",
        "huge": "a169696e746572727570741bffffffffffffffff",
        "float": "a16666696e697368f93c00",
        "bool": "a169696e74657272757074f5",
        "text": "a16666696e6973686131",
        "null": "a169696e74657272757074f6",
        "bignum-too-large": "a16666696e697368c249010000000000000000",
        "twice": "a26666696e697368006666696e69736801",
        "too-deep": "a1636e6577" + "81" * 64 + "01",
        "channel-in-unknown": "a1636e6577d9e42201",
        "trailing": "a000",
        "indefinite": "bfff",
    },
    "channel-error": {
        "nothing": "",
        "text": "6178",
        "list": "81a26474657874617864636f6465656572726f72",
        "no-text": "a164636f6465656572726f72",
        "no-code": "a164746578746178",
        "text-bytes": "a26474657874417864636f6465656572726f72",
        "text-null": "a26474657874f664636f6465656572726f72",
        "code-integer": "a26474657874617864636f646501",
        "type-null": "a36474657874617864636f6465656572726f726474797065f6",
        "message-list": "a36474657874617864636f6465656572726f72676d65737361676580",
        "frames-null": _FRAMES + "f6",
        "frames-map": _FRAMES + "a0",
        "frame-short": _FRAMES + "8182616601",
        "frame-long": _FRAMES + "8184616601616702",
        "frame-no-list": _FRAMES + "816166",
        "frame-file-bytes": _FRAMES + "81834166016167",
        "frame-line-negative": _FRAMES + "81836166206167",
        "frame-line-bool": _FRAMES + "81836166f56167",
        "frame-line-float": _FRAMES + "81836166fb3ff00000000000006167",
        "frame-line-64-bits": _FRAMES + "81836166c2490100000000000000006167",
        "frame-function-null": _FRAMES + "8183616601f6",
        "frame-second": _FRAMES + "8283616601616705",
        "key-no-text": "a36474657874617864636f6465656572726f720100",
        "no-utf8": "a2647465787461ff64636f6465656572726f72",
        "twice": "a36474657874617864636f6465656572726f7264636f6465656572726f72",
        "trailing": "a26474657874617864636f6465656572726f7200",
        "indefinite": "bf6474657874617864636f6465656572726f72ff",
        "too-deep": "a36474657874617864636f6465656572726f72636e6577" + "81" * 64 + "01",
        "channel": "a36474657874617864636f6465656572726f72636e6577d9e42201",
    },
    "credit": {
        "nothing": "",
        "zero": "00",
        "negative": "20",
        "float": "f93c00",
        "text": "6131",
        "trailing": "0101",
        "bignum-too-large": "c249010000000000000000",
        "bool": "f5",
        "bignum-empty": "c240",
        "minus-one-empty": "c340",
        "null": "f6",
        "array": "8101",
        "whole-float": "fb3ff0000000000000",
    },
    "empty": {"something": "00"},
}
_UNKNOWN: Final = (18, 19, 64, 127, 192, 200, 255)
_IGNORABLE: Final = (128, 129, 150, 190, 191)


def generate() -> list[Case]:
    """Return the cases."""
    return [
        *_types(),
        *(
            case
            for row in FRAME_TYPES
            if row.name != "OUTPUT"
            for case in (*_channels(row), *_payloads(row), *_roles(row), *_before_hello(row))
        ),
        *_lengths(),
    ]


def _negative(id_: str, req: list[str], title: str, steps: list[dict[str, Any]], **more: Any) -> Case:
    return Case(
        id=id_,
        layer="wire.frames",
        req=tuple(req),
        title=title,
        roles=more.pop("roles", ("worker", "initiator")),
        own=True,
        control=more.pop("control", "frames.ping.echo"),
        steps=tuple(steps),
        source="generated: frame rules",
        **more,
    )


def _types() -> list[Case]:
    cases = [
        _negative(
            f"frames.unknown.{code}",
            ["FR-010"],
            "a type that is neither known nor ignorable ends the connection",
            [{"send": {f"TYPE_{code}": {"ch": channel}}}, {"goaway": "FRAME_UNKNOWN_TYPE"}],
        )
        for code, channel in zip(_UNKNOWN, (0, 1, 0, 7, 0, 2, 4294967295), strict=True)
    ]
    cases += [
        _negative(
            f"frames.unknown.{row.name}",
            ["FR-010"],
            "so does one of a feature that the testee has not announced",
            [{"send": {f"TYPE_{row.code}": {"ch": 0, "hex": "82f5f4"}}}, {"goaway": "FRAME_UNKNOWN_TYPE"}],
            needs=(f"no-{row.feature}",),
        )
        for row in FRAME_TYPES
        if row.feature
    ]
    cases += [
        Case(
            id=f"frames.ignorable.{code}",
            layer="wire.frames",
            req=("FR-011", "FR-012") if code == 128 else ("FR-011",),
            title="an ignorable type is skipped, whatever its channel and payload",
            roles=("worker", "initiator"),
            steps=(
                {"send": {f"TYPE_{code}": {"ch": 0, "hex": ""}}},
                {"send": {f"TYPE_{code}": {"ch": 4294967295, "hex": "ff" * 100}}},
                {"barrier": True},
            ),
            source="generated: frame rules",
        )
        for code in _IGNORABLE
    ]
    return cases


def _channels(row: FrameType) -> list[Case]:
    if row.channel == "any":
        return []
    beside = [] if row.channel == "nonzero" else _beside_zero(row)
    if row.name == "HELLO":
        return beside
    wrong = 0 if row.channel == "nonzero" else 1
    # Whatever the payload is: the channel is judged first (ER-020).
    return [
        _negative(
            f"frames.channel.{row.name}",
            ["FR-017", "ER-004"] if row.name == "GOAWAY" else ["FR-014", "ER-020"],
            f"{row.name} on {'channel 0' if wrong == 0 else 'another channel than 0'}",
            [{"send": {row.name: {"ch": wrong, "hex": "ff"}}}, {"goaway": "STATE_VIOLATION"}],
        ),
        *beside,
    ]


def _beside_zero(row: FrameType) -> list[Case]:
    """Frames that belong on channel 0, with a valid payload, on a channel that is or was open."""
    opened: list[dict[str, Any]] = [
        {"kept_channel": {"by": "a", "ch": "b"}},
        {"send": {"CHANNEL_OPEN": {"ch": "c"}}},
    ]
    closed: list[dict[str, Any]] = [{"send": {"CHANNEL_CLOSE": {"ch": one}}} for one in "bc"]
    return [
        _negative(
            f"frames.channel.{row.name}.{state}{'' if channel == 'b' else '-ours'}",
            ["FR-014"] + ["FR-017"] * (row.name == "GOAWAY"),
            f"{row.name} on a channel that is {state}",
            [
                *before,
                {"send": {row.name: {"ch": channel, **RIGHT[row.payload]}}},
                {"goaway": "STATE_VIOLATION"},
            ],
        )
        for state, before in (("open", opened), ("gone", opened + closed))
        for channel in "bc"
    ]


def _payloads(row: FrameType) -> list[Case]:
    wrong = _WRONG.get(row.payload, {})
    roles = _receivers(row)
    cases = [
        _negative(
            f"frames.payload.{row.name}.{name}",
            ["FR-009", "FR-015"] if row.payload != "credit" else ["FC-010", "FR-009"],
            f"the payload of {row.name} does not match its rule",
            [
                {"send": {row.name: {"ch": 0 if row.channel == "zero" else "n", "hex": data}}},
                {"goaway": "PAYLOAD_MALFORMED"},
            ],
            roles=roles,
        )
        for name, data in wrong.items()
    ]
    if row.name in ("PING", "PONG"):
        cases.append(
            _negative(
                f"frames.payload.{row.name}.65-bytes",
                ["FR-020"],
                f"{row.name} with 65 bytes",
                [{"send": {row.name: {"zeros": 65}}}, {"goaway": "PAYLOAD_MALFORMED"}],
                roles=roles,
                control="frames.ping.64-bytes",
            )
        )
    if row.name == "CHANNEL_PART":
        cases.append(
            _negative(
                "frames.payload.CHANNEL_PART.nothing",
                ["FR-009", "CH-032"],
                "an empty CHANNEL_PART",
                [
                    {"echo_channel": "a"},
                    {"send": {"CHANNEL_PART": {"ch": "a"}}},
                    {"goaway": "PAYLOAD_MALFORMED"},
                ],
                control="channel.items.parts",
            )
        )
    return cases


def _roles(row: FrameType) -> list[Case]:
    if row.direction == "both":
        return []
    receiver = "initiator" if row.direction == "initiator" else "worker"
    fields = {"ch": 0 if row.channel == "zero" else "n", **RIGHT[row.payload]}
    return [
        _negative(
            f"frames.role.{row.name}",
            ["FR-008"],
            f"{row.name} from the wrong role",
            [{"send": {row.name: fields}}, {"goaway": "ROLE_VIOLATION"}],
            roles=(receiver,),
        )
    ]


def _receivers(row: FrameType) -> tuple[str, ...]:
    return {"initiator": ("worker",), "worker": ("initiator",)}.get(row.direction, ("worker", "initiator"))


def _before_hello(row: FrameType) -> list[Case]:
    if row.name in ("HELLO", "GOAWAY"):
        return []
    return [
        _negative(
            f"frames.before-hello.{row.name}",
            ["HS-008", "HS-007"],
            f"{row.name} before HELLO",
            [
                {
                    "send": {
                        row.name: {
                            "ch": 0 if row.channel == "zero" else "n",
                            **RIGHT[row.payload],
                            "overdraw": True,
                        }
                    }
                },
                {"goaway": "STATE_VIOLATION"},
            ],
            start={"handshake": False},
            control="gateway.hello.late",
        )
    ]


def _lengths() -> list[Case]:
    cases = []
    for name, type_, length in (
        ("data-one-more", "CHANNEL_DATA", 1_048_577),
        ("data-huge", "CHANNEL_DATA", 4_294_967_295),
        ("ping", "PING", 1_048_577),
        ("ignorable", "TYPE_150", 1_048_577),
        ("close", "CHANNEL_CLOSE", 2_000_000_000),
    ):
        cases.append(
            _negative(
                f"frames.length.{name}",
                ["FR-005", "FR-006", "LI-004"],
                "a header claims more than the limit; nobody waits for the payload",
                [
                    {"echo_channel": "a"},
                    {"send": {type_: {"ch": "a" if type_.startswith("CHANNEL") else 0, "length": length}}},
                    {"goaway": "FRAME_TOO_LARGE"},
                ],
                control="frames.length.largest",
                needs=("limits.default",),
            )
        )
    cases.append(
        _negative(
            "frames.length.before-hello",
            ["HS-011"],
            "before HELLO the limit is 65,536 bytes",
            [{"send": {"HELLO": {"length": 65_537}}}, {"goaway": "FRAME_TOO_LARGE"}],
            start={"handshake": False},
            control="gateway.hello.largest",
        )
    )
    cases.append(
        _negative(
            "frames.length.unknown-type-first",
            ["ER-020"],
            "an unknown type that is too long is an unknown type",
            [{"send": {"TYPE_18": {"length": 4_000_000_000}}}, {"goaway": "FRAME_UNKNOWN_TYPE"}],
        )
    )
    return cases
