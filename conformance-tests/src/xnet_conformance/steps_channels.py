"""Steps about ids and numbers of channels, and about what must not come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.cbor_writing import write_value
from xnet_conformance.errors import CheckFailed
from xnet_conformance.frames import frame
from xnet_conformance.hello import Announced
from xnet_conformance.scenario import step
from xnet_conformance.steps_frames import next_event
from xnet_conformance.values import Value, describe

if TYPE_CHECKING:
    from xnet_conformance.scenario import Scenario

#: The last id that a testee of each role can give.
_HIGHEST: Final = {"worker": 2**32 - 2, "initiator": 2**32 - 1}
#: Bytes of one write of ``fill_channels``.
_AT_ONCE: Final = 65_536


@step("fresh")
def fresh(scenario: Scenario, raw: Any) -> None:
    """Check ids that the testee chose: of its parity, ascending, none twice: ``[a, b]``."""
    parity = 0 if scenario.session.role == "worker" else 1
    ids = [scenario.known(name) for name in raw]
    for id_ in ids:
        if id_ % 2 != parity:
            raise CheckFailed(
                f"the testee made channel {id_}, which has the other side's parity", req="CH-001"
            )
    if ids != sorted(set(ids)):
        raise CheckFailed("the testee's ids do not ascend", expected=str(sorted(set(ids))), actual=str(ids))


@step("unborn")
def unborn(scenario: Scenario, raw: Any) -> None:
    """Name an id that was never opened, and send nothing: ``{ch: b}``; with ``of: testee`` one of its ids.

    The runner's is its next one: if it opens another name first, this one has been skipped.
    """
    session = scenario.session
    if raw.get("of") == "testee":
        scenario.bindings[raw["ch"]] = _HIGHEST[session.role]
    else:
        scenario.bindings[raw["ch"]] = session.fresh_channel()


@step("absent")
def absent(scenario: Scenario, raw: Any) -> None:
    """Check that something has not come: ``{ITEM: {ch: a}}``; after a barrier or the end it will not."""
    ((name, fields),) = raw.items()
    channel = scenario.known(fields["ch"])
    for event in scenario.session.inbox:
        if (event.name, event.channel) == (name, channel):
            raise CheckFailed(f"{name} came on channel {fields['ch']}", actual=event.describe())


@step("never")
def never(scenario: Scenario, raw: Any) -> None:
    """Check that no frame of a type has come at all on a channel: ``{PING: 0}``."""
    for name, channel in raw.items():
        if ("received", name, scenario.known(channel)) in [frame[:3] for frame in scenario.session.frames]:
            raise CheckFailed(f"{name} came on channel {channel}")


@step("unordered_items")
def unordered_items(scenario: Scenario, raw: Any) -> None:
    """Take items of one channel that may come in any order: ``{ch: a, are: [pattern, ...]}``."""
    channel = scenario.known(raw["ch"])
    wanted = list(raw["are"])
    while wanted:
        event = next_event(scenario, channel, f"one of {wanted} on channel {raw['ch']}")
        matching = [one for one in wanted if scenario.mismatch(one, event.value) is None]
        if event.name != "ITEM" or not matching:
            raise CheckFailed(
                "something else came", expected=f"one of {wanted}", actual=event.describe(), check="items"
            )
        wanted.remove(matching[0])


@step("fill_channels")
def fill_channels(scenario: Scenario, _raw: Any) -> None:
    """Open channels until the runner has as many open as the testee announced."""
    session = scenario.session
    assert session.theirs is not None
    left = session.theirs.channels - len(session.conduct.ours_open)
    session.send_split([frame("CHANNEL_OPEN", session.fresh_channel()) for _ in range(left)], _AT_ONCE)


@step("same_items")
def same_items(scenario: Scenario, raw: Any) -> None:
    """Take ``count`` items of equal bytes: ``{ch: a, count: n, size: bytes}``."""
    channel = scenario.known(raw["ch"])
    kinds = ("bytes", "py2str") if scenario.session.conduct.python2 else ("bytes",)
    for number in range(raw["count"]):
        event = next_event(scenario, channel, f"item {number + 1} of {raw['count']} on channel {raw['ch']}")
        value = event.value if event.name == "ITEM" else None
        if value is None or value.kind not in kinds or len(value.content) != raw["size"]:
            shown = event.describe() if value is None else describe(value)
            raise CheckFailed(
                f"item {number + 1} is different", expected=f"{raw['size']} bytes", actual=shown
            )


@step("send_large")
def send_large(scenario: Scenario, raw: Any) -> None:
    """Send an item of bytes in parts: ``{ch: a, size: bytes, part: bytes}``, with credit for each.

    They are smaller where the testee has announced less than that. Spec: FC-021.
    """
    channel = scenario.known(raw["ch"])
    data = write_value(Value("bytes", b"x" * raw["size"]))
    theirs = scenario.session.theirs or Announced()
    size = min(raw["part"], theirs.frame, theirs.credit // 4)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    for piece in pieces[:-1]:
        scenario.session.send_when_credited(frame("CHANNEL_PART", channel, piece), scenario.deadline)
    scenario.session.send_when_credited(frame("CHANNEL_DATA", channel, pieces[-1]), scenario.deadline)


@step("largest_part")
def largest_part(scenario: Scenario, raw: Any) -> None:
    """Check the sizes of all parts that came on a channel: ``{ch: a, at_most: n}``. Spec: FC-021."""
    sizes = scenario.session.account(scenario.known(raw["ch"])).part_sizes
    if not sizes or max(sizes) > raw["at_most"]:
        shown = f"the largest of {len(sizes)} has {max(sizes)}" if sizes else "there was none"
        raise CheckFailed(
            "parts of a different size came", expected=f"parts of at most {raw['at_most']}", actual=shown
        )
