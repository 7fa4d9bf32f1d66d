"""Steps of the layer rsync for initiators: the testee sends a tree, the runner is the receiver.

``make`` makes the tree, in the directory of the case. All that the sender says is judged by what is on disk
(`sync_state.py`); steps say what the receiver answers, and what has to come.
"""

from __future__ import annotations

import os
import stat
import struct
import time
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CaseError, CheckFailed
from xnet_conformance.frames import frame
from xnet_conformance.rsync_cuts import LEVELS
from xnet_conformance.rsync_index import DIRECTORY, FILE, Entry, Offered
from xnet_conformance.rsync_messages import encode_name
from xnet_conformance.scenario import Scenario, run_steps, step
from xnet_conformance.steps_files import as_path, folder
from xnet_conformance.steps_frames import expect, next_event
from xnet_conformance.sync_state import FORMS, NEAR_NS, Sync, look
from xnet_conformance.values import Value, parse_value

if TYPE_CHECKING:
    from xnet_conformance.session import Event

#: What an application can be asked for, besides the tree and where it shall be.
_OPTIONS: Final = ("delete", "checksum", "delta", "compress", "setuid", "dry_run")
_DEST: Final = "/nowhere/dest"
#: How often it is looked whether the sender has stopped to wait.
_ROUNDS: Final = 5


@step("sync")
def sync(scenario: Scenario, raw: Any) -> None:
    """Have the application send a tree, and answer ``begin``: ``{ch: r, source: tree, delete: true}``.

    ``busy_timeout`` is after how many seconds without progress the application gives the receiver up.
    ``dest`` is where it shall be. ``ready`` are other facts for the answer, and false is none; ``version`` is
    another version in it. With ``exact_times: true`` times are compared to the nanosecond.
    """
    source = os.fsencode(folder(scenario) / raw["source"])
    dest = as_path(raw.get("dest", _DEST))
    options = {key: raw[key] for key in _OPTIONS if key in raw}
    command = {"do": "rsync", "source": os.fsdecode(source), "dest": dest, **options}
    if "busy_timeout" in raw:
        command["busy_timeout"] = raw["busy_timeout"]
    before = look(source)
    scenario.driver.application(scenario, {**command, "as": f"sync {raw['ch']}"})
    expect(scenario, {"CHANNEL_EXEC": {"ch": {"bind": raw["ch"]}}})
    name, values = _words(_next(scenario, raw["ch"], "begin"))
    if name != "begin" or len(values) != 1 or values[0].kind != "dict":
        raise CheckFailed(f"{name} came, begin was expected", req="RS-001")
    near_ns = 0 if raw.get("exact_times") else NEAR_NS
    root = _judge_begin(values[0], dest, options, before, near_ns)

    def say(*message: object) -> None:
        _say(scenario, raw["ch"], *message)

    state = Sync(
        source,
        bool(raw.get("dry_run")),
        bool(raw.get("setuid")),
        before,
        Offered(root),
        say,
        near_ns=near_ns,
    )
    scenario.bindings[f"sync of {raw['ch']}"] = state
    if root.kind == FILE:
        state.unanswered.append(0)
        state.tables.append([root])
    if raw.get("ready", True) is not False:
        facts = {"version": raw.get("version", 1), "dest": os.fsencode(dest), **raw.get("ready", {})}
        say("ready", facts)


def _judge_begin(
    said: Value,
    dest: str,
    options: dict[str, Any],
    before: dict[bytes, tuple[os.stat_result, bytes]],
    near_ns: int,
) -> Entry:
    """Check the options of ``begin``; return the root."""
    fields = {key.content: value for key, value in said.content}
    there, _ = before[b""]
    kind = DIRECTORY if stat.S_ISDIR(there.st_mode) else FILE
    root = fields.get("root", Value("null", None))
    if root.kind != "list" or [one.kind for one in root.content] != ["int"] * 4:
        raise CheckFailed("begin has no root", actual=str(root)[:200], req="RS-001")
    entry = Entry(0, b"", *(one.content for one in root.content))
    mask = 0o7777 if options.get("setuid") and "owner" in fields else 0o1777
    wanted = [kind, there.st_mode & mask, there.st_size if kind == FILE else 0]
    if [entry.kind, entry.mode, entry.size] != wanted or abs(entry.time - there.st_mtime_ns) > near_ns:
        raise CheckFailed(
            "begin has a different root",
            expected=f"{wanted}, {there.st_mtime_ns}",
            actual=str(entry),
            req="RS-028",
        )
    flags: dict[str, Any] = {"version": 1, "dest": os.fsencode(dest)}
    flags.update({key: options[key] for key in options if key not in ("compress", "setuid")})
    defaults = {"delete": False, "checksum": False, "dry_run": False, "delta": True}
    for key, wanted_value in {**{k: v for k, v in defaults.items() if k != "delta"}, **flags}.items():
        found = fields[key].content if key in fields else defaults.get(key)
        if found != wanted_value:
            raise CheckFailed(f"{key} in begin", expected=str(wanted_value), actual=str(found), req="RS-001")
    return entry


@step("sync_index")
def index(scenario: Scenario, raw: Any) -> None:
    """Take the index and answer it: ``{ch: r, needs: {path: 1}}``; 2 asks for a list of chunks.

    ``later: true`` names all of them in the answer to ``listed``; ``hold: true`` answers a table only when
    no other one comes; ``until: listed`` leaves the last answer to another such step.
    """
    state = _state(scenario, raw["ch"])
    needs = {encode_name(path): kind for path, kind in raw.get("needs", {}).items()}
    rest = 1 if raw.get("until") == "listed" else 0
    while not (state.listed and len(state.unanswered) == rest):
        if state.unanswered and (state.listed or not raw.get("hold") or _is_quiet(scenario, raw["ch"])):
            _answer(state, needs, raw.get("later", False))
        else:
            _take(scenario, raw["ch"], "the index")
    if needs and not rest:
        raise CaseError(f"the index has no {sorted(needs)}")


def _answer(state: Sync, needs: dict[bytes, int], later: bool) -> None:
    """Answer the oldest table."""
    first, table = state.unanswered.pop(0), state.tables.pop(0)
    if later:
        table = list(state.offered.entries) if state.listed and not state.unanswered else []
    named = [entry for entry in table if entry.path in needs]
    kinds = [needs.pop(entry.path) for entry in named]
    if state.dry:
        state.say("plan", b"", b"")
    for entry, kind in zip(named, kinds, strict=True):
        state.need(entry, kind)
    state.say("needs", first, _packed(entry.number for entry in named), bytes(kinds))


@step("sync_files")
def files(scenario: Scenario, raw: Any) -> None:
    """Take content until these files are complete: ``{ch: r, files: [path], skipped: [path]}``.

    Each is judged by the file on disk, and answered with ``got``, unless ``got: false``. ``either`` are
    files that may be complete or skipped. ``copies: refuse`` has a copy answered with ``whole``.
    """
    state = _state(scenario, raw["ch"])
    state.refuse_copies = raw.get("copies") == "refuse"
    wanted = {encode_name(path) for path in raw.get("files", ())}
    skipped = {encode_name(path) for path in raw.get("skipped", ())}
    either = {encode_name(path) for path in raw.get("either", ())}
    while not (wanted <= set(state.came) and skipped | either <= state.skipped | set(state.came)):
        _take(scenario, raw["ch"], "content")
    if skipped - state.skipped:
        raise CheckFailed("a file came that cannot be read any more", actual=str(skipped), req="RS-067")
    for path in (wanted | either) & set(state.came):
        state.came.pop(path)
        if raw.get("got", True):
            number = state.offered.by_path[path].number
            state.settle(number)
            state.say("got", _packed([number]))


@step("sync_list")
def chunk_list(scenario: Scenario, raw: Any) -> None:
    """Take the list of chunks of a file, and say what is wanted: ``{ch: r, file: path, want: all}``.

    ``want`` is ``all``, ``none``, ``whole`` or pairs; ``last`` is the last chunk, and with ``unsaid`` nothing
    is said. ``first`` is a step that is run before.
    """
    state = _state(scenario, raw["ch"])
    entry = state.offered.by_path[encode_name(raw["file"])]
    while entry.number not in state.complete_lists:
        if entry.path in state.skipped or entry.number in state.arriving.asked:
            raise CheckFailed(f"no list of {raw['file']} came", req="RS-040")
        _take(scenario, raw["ch"], "a list of chunks")
    found = state.complete_lists[entry.number]
    if found.level not in _near(entry.size):
        scenario.remarks.append(f"{entry.size} bytes are cut with level {found.level} (RS-051)")
    if "first" in raw:
        run_steps(scenario, [raw["first"]])
    spans = found.spans()
    wanted = raw.get("want", "none")
    if wanted == "unsaid":
        return
    if wanted == "whole":
        state.say("whole", entry.number)
        state.want_whole(entry)
        return
    named = {"all": [[0, len(spans)]], "none": [], "last": [[len(spans) - 1, 1]]}
    pairs = named[wanted] if isinstance(wanted, str) else wanted
    chosen = [span for first, count in pairs for span in spans[first : first + count]]
    if chosen:
        state.arriving.ask(entry, chosen)
    state.say("want", entry.number, _packed(number for pair in pairs for number in pair))


@step("sync_lists")
def chunk_lists(scenario: Scenario, raw: Any) -> None:
    """Take the lists of many files: ``{ch: r, count: n}``. Each is settled only when no other one comes."""
    state = _state(scenario, raw["ch"])
    settled = 0
    while settled < raw["count"]:
        if state.complete_lists and _is_quiet(scenario, raw["ch"]):
            number = next(iter(state.complete_lists))
            state.settle(number)
            state.say("want", number, b"")
            state.say("got", _packed([number]))
            settled += 1
        else:
            _take(scenario, raw["ch"], "a list of chunks")


@step("sync_say")
def say(scenario: Scenario, raw: Any) -> None:
    """Say something, whatever it is: ``{ch: r, message: [got, {paths: [a, b]}]}``.

    ``{number: path}`` is a number, ``{paths: [...]}`` numbers in bytes, ``{end: true}`` the number after the
    last entry; other elements are values.
    """
    state = _state(scenario, raw["ch"])
    name, *values = raw["message"]
    numbers = []
    message: list[object] = [name]
    for value in values:
        if isinstance(value, dict) and "number" in value:
            numbers = [state.offered.by_path[encode_name(value["number"])].number]
            message.append(numbers[0])
        elif isinstance(value, dict) and "end" in value:
            message.append(len(state.offered.entries))
        elif isinstance(value, dict) and "paths" in value:
            numbers = [state.offered.by_path[encode_name(path)].number for path in value["paths"]]
            message.append(_packed(numbers))
        else:
            message.append(parse_value(value))
    for number in numbers:
        if name == "got":
            state.settle(number)
        elif name == "problem":
            state.fail(number)
        elif name == "whole":
            state.want_whole(state.offered.entries[number])
    state.say(*message)


@step("sync_finish")
def finish(scenario: Scenario, raw: Any) -> None:
    """Wait for ``finish``: ``{ch: r}``."""
    while not _state(scenario, raw["ch"]).finished:
        _take(scenario, raw["ch"], "finish")


@step("sync_end")
def end(scenario: Scenario, raw: Any) -> None:
    """Wait for ``finish``, and say ``done``: ``{ch: r, removed: [path], error: words}``.

    ``error`` is what the application then has to be told, ``told: either`` that it may be an error or none;
    without them it has to be told that all went well.
    """
    finish(scenario, raw)
    state = _state(scenario, raw["ch"])
    if raw.get("removed"):
        state.say("removed", b"\0".join(encode_name(path) for path in raw["removed"]))
    state.say("done", {"later": 1})
    scenario.session.send(frame("CHANNEL_CLOSE", scenario.known(raw["ch"])))
    told = {"error": raw["error"]} if "error" in raw else {"either": raw.get("told") == "either"}
    scenario.driver.answer(scenario, {"as": f"sync {raw['ch']}", **told})


@step("sync_refused")
def refused(scenario: Scenario, raw: Any) -> None:
    """Expect that the sender ends the sync with an error: ``{ch: r, text: [words]}``.

    Content and tables may come before it, for they can have been on their way; ``finish`` may not, nor the
    last piece of a file, unless ``complete: true``.
    """
    while True:
        event = _next(scenario, raw["ch"], "an error of the sender")
        if event.name == "CHANNEL_CLOSE_ERROR":
            break
        data = event.value.content if event.value is not None and event.value.kind == "bytes" else b""
        last = not raw.get("complete") and data[:1] == b"\2" and data[2] & 2
        if event.name != "ITEM" or last or (not data and _words(event)[0] == "finish"):
            raise CheckFailed(
                "the sender goes on with a receiver that broke the protocol",
                expected="CHANNEL_CLOSE_ERROR",
                actual=event.describe()[:300],
                req="RS-003",
            )
    if "text" in raw:
        problem = scenario.mismatch({"contains": raw["text"]}, event.value)
        if problem is not None:
            raise CheckFailed(f"the error: {problem}", req="RS-001")
    scenario.driver.answer(scenario, {"as": f"sync {raw['ch']}", "error": ""})


def _state(scenario: Scenario, channel: object) -> Sync:
    found = scenario.bindings.get(f"sync of {channel}")
    if not isinstance(found, Sync):
        raise CaseError(f"no sync has begun on {channel!r}")
    return found


def _next(scenario: Scenario, channel: object, what: str) -> Event:
    return next_event(scenario, scenario.known(channel), what)


def _words(event: Event) -> tuple[str, list[Value]]:
    value = event.value
    if event.name != "ITEM" or value is None or value.kind != "list" or not value.content:
        raise CheckFailed(
            "the sender said something that is not a message", actual=event.describe()[:300], req="RS-002"
        )
    name, *values = value.content
    return str(name.content), values


def _take(scenario: Scenario, channel: object, what: str) -> None:
    """Take what the sender says next."""
    state = _state(scenario, channel)
    event = _next(scenario, channel, what)
    if event.name == "ITEM" and event.value is not None and event.value.kind == "bytes":
        state.content(event.value.content)
        return
    name, values = _words(event)
    kinds = FORMS.get(name)
    if kinds is None or len(kinds) != len(values):
        raise CheckFailed(f"the message {name} with {len(values)} values", req="RS-002")
    for value, kind in zip(values, kinds, strict=True):
        if value.kind not in kind.split(" or "):
            raise CheckFailed(f"{name} has a different form", actual=event.describe()[:300], req="RS-002")
    state.heard(name, [value.content for value in values])


def _is_quiet(scenario: Scenario, channel: object) -> bool:
    """Return whether nothing more comes while some PINGs are answered."""
    session = scenario.session
    for number in range(_ROUNDS):
        session.send(frame("PING", 0, b"quiet %d" % number))
        next_event(scenario, 0, "PONG")
        if session.first(scenario.known(channel)) is not None:
            return False
        session.pump(time.monotonic() + 0.002)
    return session.first(scenario.known(channel)) is None


def _say(scenario: Scenario, channel: object, *message: object) -> None:
    elements = tuple(_value(element) for element in message)
    scenario.session.send_item(scenario.known(channel), Value("list", elements), scenario.deadline)


def _value(element: object) -> Value:
    if isinstance(element, Value):
        return element
    if isinstance(element, bytes):
        return Value("bytes", element)
    if isinstance(element, dict):
        return Value("dict", tuple((Value("str", key), _value(item)) for key, item in element.items()))
    return parse_value(element)


def _packed(numbers: Any) -> bytes:
    return b"".join(struct.pack(">I", number) for number in numbers)


def _near(size: int) -> set[int]:
    """Return the levels whose usual size is nearest to the square root, by difference and by ratio."""
    root = max(size**0.5, 1)
    by_difference = min(LEVELS, key=lambda level: abs(LEVELS[level][1] - root))
    by_ratio = min(LEVELS, key=lambda level: max(LEVELS[level][1] / root, root / LEVELS[level][1]))
    return {by_difference, by_ratio}
