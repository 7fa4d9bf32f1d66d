"""Steps of the layer rsync: the runner is the sender of a tree, executed code of the testee receives it.

``dest`` is in the directory of the case, as the paths of ``make`` and ``tree`` are (`steps_files.py`).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xnet_conformance.errors import CheckFailed
from xnet_conformance.frame_notation import exec_payload
from xnet_conformance.frames import frame
from xnet_conformance.rsync_index import MOST_BYTES
from xnet_conformance.rsync_messages import (
    SOME_TIME,
    compressed,
    content_of,
    data_of,
    pack_of,
    table_of,
)
from xnet_conformance.scenario import Scenario, step
from xnet_conformance.steps_files import as_path, folder
from xnet_conformance.steps_frames import next_event
from xnet_conformance.values import Value, describe, parse_value

if TYPE_CHECKING:
    from xnet_conformance.session import Event

#: Keys that a case has for `begin` and that are not options of it.
_NO_OPTIONS = frozenset({"ch", "dest", "root", "ready", "raw", "relative"})
#: The task that a receiver is executed as.
RECEIVER = "rsync-receiver"


def say_message(scenario: Scenario, channel: object, *elements: Value) -> None:
    """Send a message."""
    message = Value("list", elements)
    scenario.session.send_item(scenario.known(channel), message, scenario.deadline)


def send_content(scenario: Scenario, channel: object, data: bytes) -> None:
    """Send bytes as content."""
    scenario.session.send_item(scenario.known(channel), Value("bytes", data), scenario.deadline)


def heard(scenario: Scenario, channel: object, name: str, *kinds: str) -> tuple[Value, ...]:
    """Return what comes after the name in the next message, which has to be this one; `busy` says nothing.

    Args:
        scenario: The case.
        channel: Of the sync.
        name: Of the message.
        kinds: Of the values after it; none means any values.

    Raises:
        CheckFailed: Another came, or one of another form.
    """
    while True:
        event = next_event(scenario, scenario.known(channel), f"the message {name}")
        words = _words(event)
        if words[:1] != ("busy",):
            break
    if words[:1] != (name,):
        raise CheckFailed(f"a message other than {name} came", expected=name, actual=event.describe())
    values = tuple("bytes" if value.kind == "py2str" else value.kind for value in words[1:])
    if kinds and values != kinds:
        raise CheckFailed(
            f"{name} has a different form", expected=str(kinds), actual=event.describe(), req="RS-003"
        )
    return words[1:]


def numbers_of(value: Value) -> tuple[int, ...]:
    """Return the numbers that bytes have, four for each."""
    if len(value.content) % 4:
        raise CheckFailed("numbers have four bytes each", actual=describe(value), req="RS-004")
    return struct.unpack(f">{len(value.content) // 4}I", value.content)


def _words(event: Event) -> tuple[Any, ...]:
    value = event.value
    if event.name != "ITEM" or value is None or value.kind != "list" or not value.content:
        return ()
    first = value.content[0]
    name = first.content.decode("latin-1") if first.kind == "py2str" else first.content
    return (name, *value.content[1:])


@step("rsync")
def begin(scenario: Scenario, raw: Any) -> None:
    """Execute a receiver and send ``begin``: ``{ch: r, dest: d, delete: true}``; ``root`` is the tree itself.

    ``ready: false`` does not wait for the answer; ``owner`` is whose the root is, as in ``rsync_owners``;
    ``raw`` are options as they are said; with ``relative: true`` the destination is said as one below the
    scratch directory.
    """
    channel = scenario.channel(raw["ch"])
    payload = exec_payload(scenario, {"fixture": RECEIVER})
    scenario.session.send(frame("CHANNEL_EXEC", channel, payload))
    dest = folder(scenario) / as_path(raw.get("dest", "dest"))
    root = {"kind": 1, "mode": 0o755, "size": 0, "time": SOME_TIME, **raw.get("root", {})}
    options: dict[str, Any] = {"version": 1}
    options["root"] = [root["kind"], root["mode"], root["size"], root["time"]]
    options.update({key: item for key, item in raw.items() if key not in _NO_OPTIONS})
    if "owner" in raw:
        options["owner"] = list(_owner(raw["owner"]))
    values = {key: parse_value(item) for key, item in options.items()}
    said = dest.relative_to(Path(scenario.scratch).resolve()) if raw.get("relative") else dest
    values["dest"] = Value("bytes", os.fsencode(said))
    values.update({key: parse_value(item) for key, item in raw.get("raw", {}).items()})
    pairs = [(Value("str", key), value) for key, value in values.items()]
    say_message(scenario, raw["ch"], Value("str", "begin"), Value("dict", tuple(pairs)))
    if raw.get("ready", True):
        (facts,) = heard(scenario, raw["ch"], "ready", "dict")
        problem = scenario.mismatch({"has": {"version": 1}}, facts)
        if problem is not None:
            raise CheckFailed(f"ready: {problem}", req="RS-001")
        _check_facts(facts, dest, values.get("compression", Value("list", ())))


def _check_facts(facts: Value, dest: Path, offered: Value) -> None:
    """Check which destination ``ready`` names, and that it names no compression but those of ``begin``."""
    said = {_as_text(key): item.content for key, item in facts.content}
    if said.get("dest") != os.fsencode(dest):
        raise CheckFailed(
            "ready has a different destination", expected=str(dest), actual=repr(said.get("dest"))
        )
    others = {_as_text(one) for one in said.get("compression", ())} - {
        _as_text(one) for one in offered.content
    }
    if others:
        raise CheckFailed("ready names compressions that begin did not", actual=str(others), req="RS-010")


def _as_text(value: Value) -> str:
    """Return a text, or what Python 2 says for one."""
    return value.content.decode("latin-1") if isinstance(value.content, bytes) else str(value.content)


@step("rsync_owners")
def owners(scenario: Scenario, raw: Any) -> None:
    """Say whose entries of the next table are: ``{ch: r, are: {1: ours, 2: other user, 3: other group}}``."""
    columns = [list(raw["are"]), *zip(*map(_owner, raw["are"].values()), strict=True)]
    data = [Value("bytes", struct.pack(f">{len(column)}I", *column)) for column in columns]
    say_message(scenario, raw["ch"], Value("str", "owners"), *data)


def _owner(whose: str) -> tuple[int, int]:
    """Return user and group: what a testee makes on this machine has those of the runner."""
    return os.geteuid() + (whose == "other user"), os.getegid() + (whose == "other group")


@step("rsync_index")
def index(scenario: Scenario, raw: Any) -> None:
    """Send a table of the index: ``{ch: r, first: 1, groups: [...]}``.

    ``compress`` is how, ``said`` another size than the table has, ``hex`` another table, ``append`` bytes
    after it, ``fill`` how many bytes it has with more of its last text, and ``cut`` how many are left out.
    """
    table = bytes.fromhex(raw["hex"]) if "hex" in raw else table_of(raw["groups"])
    table += bytes.fromhex(raw.get("append", ""))
    table = table.ljust(raw.get("fill", 0), b"x")
    table = table[: len(table) - raw.get("cut", 0)]
    how = raw.get("compress", 0)
    numbers = (raw.get("first", 1), how, raw.get("said", len(table)))
    data = Value("bytes", compressed(table, how))
    say_message(
        scenario, raw["ch"], Value("str", "index"), *(Value("int", number) for number in numbers), data
    )


@step("rsync_listed")
def listed(scenario: Scenario, raw: Any) -> None:
    """Say that the index is complete: ``{ch: r, next: 3}``, the number that the answer has to begin with.

    The answer has what an earlier ``needs`` could have named and did not (RS-025).
    """
    say_message(scenario, raw["ch"], Value("str", "listed"))
    rest(scenario, raw)


@step("rsync_rest")
def rest(scenario: Scenario, raw: Any) -> None:
    """Expect the answer to ``listed``: ``{ch: r, next: 3}``, with what an earlier ``needs`` has put off."""
    put_off = scenario.bindings.pop(f"put off {raw['ch']}", {})
    found = _needed(scenario, raw["ch"], raw["next"])
    _compare_needs(found, put_off, set(put_off))
    _note_kinds(scenario, raw["ch"], found)


@step("rsync_needs")
def needs(scenario: Scenario, raw: Any) -> None:
    """Expect ``needs``: ``{ch: r, first: 1, are: {1: 1, 2: [1, 2]}}``; a list has what is right, too.

    What a receiver puts off has to come in its answer to ``listed``. ``by_chunks: [1]`` are entries that it
    should need by chunks (RS-055), and may need in full.
    """
    found = _needed(scenario, raw["ch"], raw.get("first", 1))
    by_chunks = raw.get("by_chunks", [])
    wanted = {
        number: kind if isinstance(kind, list) else [kind] for number, kind in raw.get("are", {}).items()
    }
    wanted.update({number: [1, 2] for number in by_chunks})
    scenario.bindings[f"by chunks {raw['ch']}"] = set(by_chunks)
    _compare_needs(found, wanted, set(found))
    _note_kinds(scenario, raw["ch"], found)
    put_off = scenario.bindings.setdefault(f"put off {raw['ch']}", {})
    put_off.update({number: kinds for number, kinds in wanted.items() if number not in found})


def _needed(scenario: Scenario, channel: object, first: int) -> dict[int, int]:
    number, numbers, kinds = heard(scenario, channel, "needs", "int", "bytes", "bytes")
    if number.content != first:
        raise CheckFailed("needs is about different entries", expected=str(first), actual=describe(number))
    named = numbers_of(numbers)
    if not len(set(named)) == len(named) == len(kinds.content):
        raise CheckFailed("needs does not have one kind for each of its entries", actual=describe(numbers))
    return dict(zip(named, kinds.content, strict=True))


def _note_kinds(scenario: Scenario, channel: object, found: dict[int, int]) -> None:
    """Remember what is needed in full and should have been needed by chunks."""
    for number in scenario.bindings.get(f"by chunks {channel}", set()):
        if found.get(number) == 1:
            scenario.remarks.append(
                f"all of entry {number} is needed, where there is something like it (RS-055)"
            )
            scenario.bindings[f"in full {channel} {number}"] = True


def _compare_needs(found: dict[int, int], wanted: dict[int, list[int]], expected: set[int]) -> None:
    if set(found) != expected or any(kind not in wanted.get(n, ()) for n, kind in found.items()):
        raise CheckFailed("different content is needed", expected=str(wanted), actual=str(found))


@step("rsync_plan")
def plan(scenario: Scenario, raw: Any) -> None:
    """Expect ``plan`` of a dry run: ``{ch: r, are: {1: 1}}``."""
    numbers, actions = heard(scenario, raw["ch"], "plan", "bytes", "bytes")
    named = numbers_of(numbers)
    found = dict(zip(named, actions.content, strict=False))
    if found != raw["are"] or not len(found) == len(named) == len(actions.content):
        raise CheckFailed(
            "something else is planned", expected=str(raw["are"]), actual=f"{named}: {actions.content!r}"
        )


@step("rsync_pack")
def pack(scenario: Scenario, raw: Any) -> None:
    """Send whole files: ``{ch: r, files: {1: text}}``; ``compress`` and ``said`` as in ``rsync_index``.

    ``lengths`` are other ones than the contents have: ``{1: 5}``.
    """
    files = {number: content_of(what) for number, what in raw["files"].items()}
    pack = pack_of(files, raw.get("compress", 0), raw.get("said"), raw.get("lengths"))
    send_content(scenario, raw["ch"], pack)


@step("rsync_data")
def data(scenario: Scenario, raw: Any) -> None:
    """Send a piece of a file: ``{ch: r, entry: 1, offset: 0, flags: 3, text: t}``."""
    piece = data_of(raw["entry"], raw.get("offset", 0), raw["flags"], content_of(raw), raw.get("compress", 0))
    send_content(scenario, raw["ch"], piece)


@step("rsync_raw")
def raw_content(scenario: Scenario, raw: Any) -> None:
    """Send bytes as content, whatever they are: ``{ch: r, hex: ...}``."""
    send_content(scenario, raw["ch"], bytes.fromhex(raw["hex"]))


@step("rsync_hear")
def hear(scenario: Scenario, raw: Any) -> None:
    """Expect a message: ``{ch: r, message: [name, pattern, ...]}``; ``longest`` bounds a text in it."""
    name, *patterns = raw["message"]
    found = heard(scenario, raw["ch"], name)
    for number, pattern in enumerate(patterns):
        problem = scenario.mismatch(pattern, found[number] if number < len(found) else None)
        if problem is not None:
            raise CheckFailed(f"{name}: {problem}")
    lengths = [len(value.content) for value in found if value.kind in ("str", "py2str")]
    if max(lengths, default=0) > raw.get("longest", max(lengths, default=0)):
        raise CheckFailed(
            f"{name} has a longer text", expected=f"{raw['longest']} characters", actual=str(max(lengths))
        )


@step("rsync_got")
def got(scenario: Scenario, raw: Any) -> None:
    """Expect that these entries are complete, in one message or several: ``{ch: r, entries: [1, 2]}``."""
    waiting = set(raw["entries"])
    while waiting:
        (numbers,) = heard(scenario, raw["ch"], "got", "bytes")
        found = numbers_of(numbers)
        if not waiting.issuperset(found) or len(set(found)) < len(found):
            raise CheckFailed("different entries are complete", expected=str(waiting), actual=str(found))
        waiting -= set(found)


@step("rsync_refused")
def refused(scenario: Scenario, raw: Any) -> None:
    """Expect that the sync is refused, also by a receiver that is at work until then: ``{ch: r}``."""
    channel = scenario.known(raw["ch"])
    while True:
        event = next_event(scenario, channel, "an error of the receiver")
        if event.name == "CHANNEL_CLOSE_ERROR":
            return
        if _words(event)[:1] != ("busy",):
            raise CheckFailed(
                "the receiver goes on", expected="CHANNEL_CLOSE_ERROR", actual=event.describe(), req="RS-003"
            )


@step("rsync_settled")
def settled(scenario: Scenario, raw: Any) -> None:
    """Expect that each of these is complete or has a problem, whichever: ``{ch: r, entries: [1, 2]}``."""
    waiting = set(raw["entries"])
    while waiting:
        event = next_event(scenario, scenario.known(raw["ch"]), "got or a problem")
        name, *values = _words(event) or ("",)
        if name == "got" and len(values) == 1 and waiting.issuperset(numbers_of(values[0])):
            waiting -= set(numbers_of(values[0]))
        elif name == "problem" and len(values) == 2 and values[0].content in waiting:
            waiting.discard(values[0].content)
        elif name != "busy":
            raise CheckFailed("something other than got or a problem came", actual=event.describe())


@step("rsync_finish")
def finish(scenario: Scenario, raw: Any) -> None:
    """Say ``finish`` and expect ``done`` and the end: ``{ch: r, removed: [path, ...]}``.

    With ``problems: true`` the receiver may have some; ``removed: any`` is whatever it says.
    """
    say_message(scenario, raw["ch"], Value("str", "finish"))
    removed: set[str] = set()
    while True:
        event = next_event(scenario, scenario.known(raw["ch"]), "the message done")
        words = _words(event)
        if words[:1] == ("removed",):
            removed.update(_paths(event, words[1:]))
        elif words[:1] == ("done",):
            break
        elif words[:1] != ("busy",) and not (raw.get("problems") and words[:1] == ("problem",)):
            raise CheckFailed("a message other than done came", expected="done", actual=event.describe())
    if raw.get("removed") != "any" and removed != set(raw.get("removed", ())):
        raise CheckFailed(
            "different things were removed", expected=str(raw.get("removed", [])), actual=str(sorted(removed))
        )
    event = next_event(scenario, scenario.known(raw["ch"]), "the end of the channel")
    if event.name != "CHANNEL_CLOSE":
        raise CheckFailed("the receiver did not end after done", actual=event.describe(), req="RS-073")


def _paths(event: Event, values: tuple[Value, ...]) -> list[str]:
    if len(values) != 1 or values[0].kind not in ("bytes", "py2str"):
        raise CheckFailed("removed has a different form", expected="paths as bytes", actual=event.describe())
    if len(values[0].content) > (65_536 if b"\0" in values[0].content else MOST_BYTES):
        raise CheckFailed(
            f"removed has {len(values[0].content)} bytes", expected="65,536 at most", req="RS-071"
        )
    return [path.decode("utf-8", "replace") for path in values[0].content.split(b"\0")]
