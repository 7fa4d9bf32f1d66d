"""What a mutating proxy does to frames on their way: rules, which are data.

A rule is ``{frame: NAME, do: ...}`` with, optionally, ``to: testee`` (frames of the runner; those of the
testee otherwise), ``nth: n`` (only the n-th that matches), ``channel: zero`` or ``other``. ``frame: any`` is
each frame.

``do`` is ``drop``, ``twice``, ``late`` (behind the next frame), ``end`` (the stream ends after it),
``{payload: hex}``, ``{append: hex}``, ``{cut: n}`` (its last n bytes are missing, header and all),
``{length: n}`` (added to the length in the header), ``{type: NAME}``, ``{channel: n}`` (added),
``{header: little}``, ``{item: change}``, ``{field: name, value: tagged}`` (of a payload that is a map;
``value: null`` removes it), ``{after: [{NAME: hex}, ...]}`` (frames on the same channel),
``{before: [...]}``, ``{raw: hex}`` (bytes in place of it).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.cbor_reading import NotAValue, read_value
from xnet_conformance.cbor_writing import write_value
from xnet_conformance.errors import CaseError
from xnet_conformance.frames import HEADER, PREAMBLE, Frame
from xnet_conformance.mutation.value_changes import change_item
from xnet_conformance.specification import FRAME_CODES
from xnet_conformance.values import Value, parse_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KEYS: Final = frozenset({"frame", "do", "to", "nth", "channel"})
_LITTLE: Final = struct.Struct("<BII")


@attrs.define
class Rule:
    """One rule and how often it has matched."""

    frame: str
    action: str
    argument: Any
    to: str = "runner"
    nth: int | None = None
    channel: str | None = None
    matched: int = 0

    def matches(self, one: Frame) -> bool:
        """Say whether the rule is about a frame, which then counts."""
        if self.frame not in ("any", one.name):
            return False
        if self.channel is not None and (one.channel == 0) != (self.channel == "zero"):
            return False
        self.matched += 1
        return self.nth is None or self.matched == self.nth


def parse_rule(raw: Mapping[str, Any]) -> Rule:
    """Return the rule that a file has.

    Raises:
        CaseError: It is not a valid rule.
    """
    if set(raw) - _KEYS or "do" not in raw:
        raise CaseError(f"the rule {dict(raw)!r} needs do, and may have {', '.join(sorted(_KEYS))}")
    do = raw["do"] if isinstance(raw["do"], dict) else {raw["do"]: None}
    action = next(iter(do))
    name = raw.get("frame", "any")
    if action not in ACTIONS:
        raise CaseError(f"unknown action {action!r}: {', '.join(sorted(ACTIONS))}")
    if name != "any" and name not in FRAME_CODES:
        raise CaseError(f"unknown frame {name!r}")
    argument = do if action == "field" else do[action]
    return Rule(name, action, argument, raw.get("to", "runner"), raw.get("nth"), raw.get("channel"))


class FrameChanger:
    """Applies rules to one direction of one connection.

    Args:
        rules: Fresh ones: they count.
        preamble: The stream begins with one, after any noise.
    """

    def __init__(self, rules: list[Rule], *, preamble: bool) -> None:
        self._rules = rules
        self._data = b""
        self._preamble = preamble
        self._late = b""
        self._ended = False

    def __call__(self, data: bytes) -> bytes:
        """Take bytes, return those that go on; with nothing, at the end, what is left."""
        if self._ended:
            return b""
        if not data:
            left, self._data, self._late = self._late + self._data, b"", b""
            return left
        self._data += data
        out = b""
        if self._preamble:
            at = self._data.find(PREAMBLE)
            if at < 0:
                return b""
            out, self._data = self._data[: at + len(PREAMBLE)], self._data[at + len(PREAMBLE) :]
            self._preamble = False
        while len(self._data) >= HEADER.size and not self._ended:
            kind, channel, length = HEADER.unpack_from(self._data)
            if len(self._data) < HEADER.size + length:
                break
            payload = self._data[HEADER.size : HEADER.size + length]
            self._data = self._data[HEADER.size + length :]
            out += self._one(Frame(kind, channel, payload))
        return out

    def _one(self, one: Frame) -> bytes:
        rule = next((rule for rule in self._rules if rule.matches(one)), None)
        if rule is None:
            late, self._late = self._late, b""
            return one.encode() + late
        if rule.action == "late":
            self._late += one.encode()
            return b""
        if rule.action == "end":
            self._ended = True
        return ACTIONS[rule.action](one, rule.argument)


def _with_payload(one: Frame, payload: bytes) -> bytes:
    return Frame(one.type, one.channel, payload).encode()


def _field(one: Frame, argument: Any) -> bytes:
    try:
        value = read_value(one.payload)
    except NotAValue:
        return one.encode()
    pairs = [(key, item) for key, item in value.content if key.content != argument["field"]]
    if argument["value"] is not None:
        pairs.append((Value("str", argument["field"]), parse_value(argument["value"])))
    return _with_payload(one, write_value(Value("dict", tuple(pairs))))


def _item(one: Frame, argument: Any) -> bytes:
    try:
        return _with_payload(one, change_item(one.payload, argument))
    except NotAValue:
        return one.encode()


def _others(one: Frame, argument: Any) -> bytes:
    return b"".join(
        Frame(FRAME_CODES[name], one.channel, bytes.fromhex(payload)).encode()
        for each in argument
        for name, payload in each.items()
    )


ACTIONS: Final[dict[str, Callable[[Frame, Any], bytes]]] = {
    "drop": lambda one, _: b"",
    "twice": lambda one, _: one.encode() * 2,
    "late": lambda one, _: b"",
    "end": lambda one, _: one.encode(),
    "payload": lambda one, argument: _with_payload(one, bytes.fromhex(argument)),
    "append": lambda one, argument: _with_payload(one, one.payload + bytes.fromhex(argument)),
    "cut": lambda one, argument: one.encode()[:-argument],
    "length": lambda one, argument: (
        HEADER.pack(one.type, one.channel, max(0, len(one.payload) + argument)) + one.payload
    ),
    "type": lambda one, argument: Frame(FRAME_CODES[argument], one.channel, one.payload).encode(),
    "channel": lambda one, argument: Frame(one.type, one.channel + argument, one.payload).encode(),
    "header": lambda one, _: _LITTLE.pack(one.type, one.channel, len(one.payload)) + one.payload,
    "item": _item,
    "field": _field,
    "after": lambda one, argument: one.encode() + _others(one, argument),
    "before": lambda one, argument: _others(one, argument) + one.encode(),
    "raw": lambda one, argument: bytes.fromhex(argument),
}
