"""Steps that bring a testee to its limits: all of its window, all of its depth, buffers that are full."""

from __future__ import annotations

from typing import Any, Final

from xnet_conformance.cbor_writing import write_value
from xnet_conformance.errors import CaseError, NoAnswer
from xnet_conformance.frames import ITEM_OVERHEAD, Frame, frame
from xnet_conformance.scenario import Scenario, step
from xnet_conformance.steps_frames import execute, expect, send
from xnet_conformance.values import Value

#: What an item of ``spend`` costs at most; it must be less than half of the smallest window.
_MOST: Final = 30_000
#: And at least: from here on, bytes have a head of three bytes in CBOR.
_LEAST: Final = 400
_HEAD: Final = 3
#: The same for longer ones, and a number too large for two bytes.
_LONG_HEAD: Final = 5
_TWO_BYTES: Final = 65_536
#: Heads of arrays in CBOR.
_LIST_OF_ONE: Final = 0x81
_EMPTY_LIST: Final = 0x80
_IGNORABLE: Final = 150


@step("spend")
def spend(scenario: Scenario, raw: Any) -> None:
    """Send items that use up all credit on a channel: ``{ch: a}``.

    ``leave: n`` leaves that many bytes of it, ``beyond: n`` costs that many more than there are. All of it is
    written at once, whatever comes meanwhile.
    """
    session = scenario.session
    channel = scenario.channel(raw["ch"])
    left = session.account(channel).ours_left - raw.get("leave", 0) + raw.get("beyond", 0)
    if left < _LEAST:
        raise CaseError(f"the {left} bytes to be spent on channel {raw['ch']} are too few for an item")
    while left:
        cost = left if left <= _MOST else min(_MOST, left - _LEAST)
        item = write_value(Value("bytes", bytes(cost - ITEM_OVERHEAD - _HEAD)))
        session.send(frame("CHANNEL_DATA", channel, item))
        left -= cost


@step("taking_channel")
def taking_channel(scenario: Scenario, raw: Any) -> None:
    """Have items taken from a channel of the runner: ``{ch: b, by: a, count: n}``.

    Then no more are taken, nor waited for. The application gets the channel in an item on ``by``, which it
    opens, or which is that of its code.
    """
    reference = {"CHANNEL_DATA": {"ch": raw["by"], "item": {"t": "channel", "v": raw["ch"]}}}
    if scenario.driver is not None:
        scenario.driver.taking_channel(scenario, raw, reference)
        return
    arguments = {"count": raw["count"], "folder": scenario.scratch}
    execute(scenario, {"ch": raw["by"], "fixture": "take", "args": arguments})
    send(scenario, reference)


@step("has_taken")
def has_taken(scenario: Scenario, raw: Any) -> None:
    """Wait until it has taken them: ``{by: a}``."""
    if scenario.driver is not None:
        scenario.driver.has_taken(scenario, raw["by"])
        return
    expect(scenario, {"ITEM": {"ch": raw["by"], "is": "taken"}})


@step("reading")
def reading(scenario: Scenario, raw: Any) -> None:
    """Read what the testee writes (``true``), or leave it lying (``false``) until another such step."""
    scenario.session.log.remark("the runner reads again" if raw else "the runner stops reading")
    scenario.session.link.reading = bool(raw)


@step("written")
def written(scenario: Scenario, _raw: Any) -> None:
    """Wait until the testee, or the system for it, has taken everything that was sent."""
    session = scenario.session
    while session.link.unwritten_bytes:
        if not session.pump(scenario.deadline):
            raise NoAnswer(f"the testee does not read: it has left {session.link.unwritten_bytes} bytes")


@step("at_limit")
def at_limit(scenario: Scenario, raw: Any) -> None:
    """Send what is as long or deep as the testee announced, and ``beyond`` more: ``{limit: frame}``.

    ``{limit: depth, ch: a}`` is an item of nested lists, ``{limit: item, ch: a}`` one of bytes, in parts or
    (``in: DATA``, ``in: BATCH``) in one frame; ``frame`` is a frame that is ignored otherwise.
    """
    session = scenario.session
    assert session.theirs is not None
    size = getattr(session.theirs, raw["limit"]) + raw.get("beyond", 0)
    if raw["limit"] == "frame":
        session.send(Frame(_IGNORABLE, 0, bytes(size)))
    elif raw["limit"] == "depth":
        item = bytes([_LIST_OF_ONE]) * (size - 1) + bytes([_EMPTY_LIST])
        session.send_when_credited(frame("CHANNEL_DATA", scenario.known(raw["ch"]), item), scenario.deadline)
    elif raw["limit"] == "item":
        head = _HEAD if size - _HEAD < _TWO_BYTES else _LONG_HEAD
        _send_item(scenario, raw, write_value(Value("bytes", bytes(size - head))))
    else:
        raise CaseError(f"{raw['limit']} is not a limit that this step knows")


def _send_item(scenario: Scenario, raw: Any, item: bytes) -> None:
    channel, session = scenario.known(raw["ch"]), scenario.session
    if raw.get("in") == "BATCH":
        session.send(frame("CHANNEL_BATCH", channel, bytes([_LIST_OF_ONE]) + item))
        return
    most = len(item) if raw.get("in") == "DATA" else _MOST
    while len(item) > most:
        session.send(frame("CHANNEL_PART", channel, item[:most]))
        item = item[most:]
    session.send(frame("CHANNEL_DATA", channel, item))
