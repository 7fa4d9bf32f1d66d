"""Dialogues: frames in the order in which an observer in the middle of the connection sees them.

What a sender does is in its own order there, so everything a sender owes is checked: header,
payload, direction, the order of HELLO, its half of each channel's table, and credit. (Credit that
a sender used has passed the observer before.) What a receiver does with frames that cross is not
to be seen from the middle.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import closed_set
import diagnostic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spec_schema import Schema

_STEP: Final = re.compile(
    r"(?P<broken>!?)(?P<way>I>W|W>I) (?P<name>\w+)(?: (?P<channel>\d+)(?: (?P<diag>.+))?)?"
)
_ROLES: Final = {"I>W": "initiator", "W>I": "worker"}
_ITEMS: Final = ("CHANNEL_DATA", "CHANNEL_PART", "CHANNEL_BATCH")
_DEFAULT_CREDIT: Final = 1_048_576
#: Answers have a rule of their own; the request decides which.
_ANSWERS: Final = {"STATUS": "status", "INFO": "info"}


@dataclass(frozen=True)
class Step:
    """One frame of a dialogue, or the preamble (``name`` is "preamble")."""

    way: str
    name: str
    channel: int
    diag: str | None
    type: int
    opaque: bool
    broken: bool

    def payload(self) -> bytes:
        """Return the payload that the notation describes."""
        if self.diag is None:
            return b""
        data = diagnostic.encode(self.diag)
        if not self.opaque:
            return data
        content = closed_set.decode(data)
        if not isinstance(content, bytes):
            raise diagnostic.NotationError(f"{self.name} has an opaque payload: write h'...'")
        return content

    def frame(self) -> bytes:
        """Return the whole frame."""
        payload = self.payload()
        return struct.pack(">BII", self.type, self.channel, len(payload)) + payload


def parse_step(schema: Schema, line: str, *, inside_item: bool = False) -> Step:
    """Read the line that names a frame.

    Args:
        schema: For types and their payloads.
        line: Such as ``I>W PING 0 h''``.
        inside_item: Whether CHANNEL_DATA is the last piece of an item, and so opaque.

    Raises:
        ValueError: The line says something else.
    """
    match = _STEP.fullmatch(line.strip())
    if match is None:
        raise ValueError(f"{line!r} is not 'I>W NAME channel payload'")
    name = match["name"]
    broken = bool(match["broken"])
    if name == "preamble":
        return Step(match["way"], name, 0, None, 0, opaque=False, broken=broken)
    if name.startswith("TYPE_"):
        type_, opaque = int(name[5:]), True
    else:
        row = schema.frame_type(name)
        if row is None:
            raise ValueError(f"there is no frame type {name}")
        type_, opaque = row["code"], row["payload"] == "opaque"
    if match["channel"] is None:
        raise ValueError(f"{line!r} has no channel")
    opaque = opaque or (inside_item and name == "CHANNEL_DATA")
    return Step(match["way"], name, int(match["channel"]), match["diag"], type_, opaque, broken)


@dataclass
class _Sender:
    """What one side has done so far."""

    said_hello: bool = False
    window: int = _DEFAULT_CREDIT
    ended: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    parts: dict[int, bytes] = field(default_factory=dict)
    spent: dict[int, int] = field(default_factory=dict)
    granted: dict[int, int] = field(default_factory=dict)


def check_dialogue(schema: Schema, lines: Sequence[str]) -> list[str]:
    """Return what is wrong with a dialogue."""
    observer = _Observer(schema)
    try:
        if len(lines) % 2:
            return ["it does not consist of pairs of lines"]
        for named, shown in zip(lines[::2], lines[1::2], strict=True):
            observer.see(named, bytes.fromhex(shown))
    except (ValueError, closed_set.Rejected) as error:
        observer.problems.append(f"cannot be read: {error}")
    return observer.problems


class _Observer:
    """Sees the frames of both directions, one after the other."""

    def __init__(self, schema: Schema) -> None:
        self.problems: list[str] = []
        self._schema = schema
        self._sides = {"I>W": _Sender(), "W>I": _Sender()}
        self._answers: dict[int, str] = {}
        self._from_start = False
        self._first = True

    def see(self, line: str, data: bytes) -> None:
        """Look at one frame."""
        way = line.strip().lstrip("!")[:3]
        if way not in self._sides:
            raise ValueError(f"{line!r} does not begin with I>W or W>I")
        sender = self._sides[way]
        channel = next((int(word) for word in line.split()[2:3] if word.isdigit()), 0)
        step = parse_step(self._schema, line, inside_item=channel in sender.parts)
        first, self._first = self._first, False
        if step.name == "preamble":
            if not first or way != "W>I" or data.hex() != self._schema.registry["preamble"]:
                self._say(step, "it is not the preamble of a worker at the beginning")
            self._from_start = True
            return
        if data != step.frame():
            self._say(step, f"the bytes are {data.hex()}, but the line says {step.frame().hex()}")
        if not step.broken:
            self._judge(step, sender, self._sides["W>I" if way == "I>W" else "I>W"])

    def _say(self, step: Step, text: str) -> None:
        self.problems.append(f"{step.way} {step.name} {step.channel}: {text}")

    def _judge(self, step: Step, sender: _Sender, other: _Sender) -> None:
        row = self._schema.frame_type(step.name)
        if row is None:
            return  # a type without a name: nothing more is known about it
        if row["direction"] not in ("both", _ROLES[step.way]):
            self._say(step, f"only the {row['direction']} may send it")
        if row["channel"] != "any" and (row["channel"] == "zero") != (step.channel == 0):
            self._say(step, f"the channel must be {row['channel']}")
        if self._from_start and not sender.said_hello and step.name not in ("HELLO", "GOAWAY"):
            self._say(step, "HELLO must be the first frame")
        payload = step.payload()
        self._check_payload(step, payload, row["payload"], sender)
        if step.name == "HELLO":
            sender.said_hello = True
            content = closed_set.decode(payload)
            if isinstance(content, dict):
                other.window = content.get("credit", _DEFAULT_CREDIT)
        elif step.channel:
            self._judge_channel(step, payload, sender, other)

    def _check_payload(self, step: Step, payload: bytes, rule: str, sender: _Sender) -> None:
        if rule == "empty" and payload:
            self._say(step, "it has no payload")
        if rule in ("empty", "opaque"):
            return
        if step.name == "CHANNEL_DATA":
            payload = sender.parts.pop(step.channel, b"") + payload
            closed_set.decode(payload)
            if step.way == "W>I":
                rule = self._answers.pop(step.channel, rule)
        for mismatch in self._schema.mismatches(rule, payload):
            self._say(step, mismatch)

    def _judge_channel(self, step: Step, payload: bytes, sender: _Sender, other: _Sender) -> None:
        id_ = step.channel
        if step.name in _ANSWERS:
            self._answers[id_] = _ANSWERS[step.name]
        if id_ in sender.closed and step.name != "CHANNEL_CREDIT":
            self._say(step, "its sender has closed the channel")
        if step.name in _ITEMS or step.name == "CHANNEL_LAST_MESSAGE":
            if id_ in sender.ended:
                self._say(step, "its sender has sent CHANNEL_LAST_MESSAGE")
            if id_ in sender.parts and step.name in ("CHANNEL_BATCH", "CHANNEL_LAST_MESSAGE"):
                self._say(step, "an item is incomplete")
        if step.name in _ITEMS:
            self._spend(step, payload, sender)
        if step.name == "CHANNEL_PART":
            sender.parts[id_] = sender.parts.get(id_, b"") + payload
        elif step.name == "CHANNEL_LAST_MESSAGE":
            sender.ended.add(id_)
        elif step.name in ("CHANNEL_CLOSE", "CHANNEL_CLOSE_ERROR"):
            sender.closed.add(id_)
        elif step.name == "CHANNEL_CREDIT":
            amount = closed_set.decode(payload)
            if isinstance(amount, int):
                other.granted[id_] = other.granted.get(id_, 0) + amount
                if self._from_start and other.granted[id_] > other.spent.get(id_, 0):
                    self._say(step, "more credit comes back than was spent")

    def _spend(self, step: Step, payload: bytes, sender: _Sender) -> None:
        cost = len(payload)
        if step.name == "CHANNEL_DATA":
            cost += 64
        elif step.name == "CHANNEL_BATCH":
            items = closed_set.decode(payload)
            cost += 64 * (len(items) if isinstance(items, list) else 0)
        id_ = step.channel
        sender.spent[id_] = sender.spent.get(id_, 0) + cost
        if sender.spent[id_] > sender.window + sender.granted.get(id_, 0):
            self._say(step, "it costs more than the credit left")
