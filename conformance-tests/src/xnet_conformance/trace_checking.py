"""A testee's trace against grammar and frames seen. Spec: TR-001, TR-010, TR-012."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Way, type, channel, bytes of payload.
Seen = tuple[str, str, int, int]
_BOTH: Final = ("received", "sent")

_PREFIX: Final = re.compile(r"\[(\d+)\] (.*)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LINE: Final = re.compile(r"(?P<name>[^\s\x00-\x1f]+) (?P<rest>.+)")
_MESSAGE: Final = re.compile(r"(sent|received) <Message ([A-Z_]+|TYPE_\d+) channel=(\d+) lendata=(\d+)>")


def check_trace(
    mode: str, scratch: Path, stderr: str, seen: Sequence[Seen], options: Mapping[str, Any]
) -> None:
    """Check what a testee traced.

    Args:
        mode: "file" (EXECNET_DEBUG=1), "stderr" (=2), "none" (anything else) or "json".
        scratch: The directory for temporary files.
        stderr: All of its standard error.
        seen: The runner's frames; ways as the runner sees them.
        options: ``name`` or ``name_ends`` (of message lines, at the end), ``never`` (text that must not be
            in it), ``events`` (how many at least), ``ways`` (of ``sent`` and ``received``, which to compare).

    Raises:
        CheckFailed: A line is not in the grammar, or the lines are not the frames.
    """
    files = sorted(scratch.glob("execnet-debug-*"))
    if mode == "none":
        if files or _MESSAGE.search(stderr):
            shown = ", ".join(path.name for path in files) or stderr[:300]
            raise CheckFailed("an unrequested trace was written", actual=shown, req="TR-002", check="silent")
    elif mode == "json":
        _check_json(scratch, seen, options.get("never"))
    else:
        _check_lines(_file_lines(files) if mode == "file" else _prefixed_lines(stderr), seen, options)


def _check_lines(lines: Sequence[str], seen: Sequence[Seen], options: Mapping[str, Any]) -> None:
    messages = []
    name = ""
    never = options.get("never")
    for line in lines:
        parsed = _LINE.fullmatch(line)
        if parsed is None:
            raise CheckFailed(
                "a line of the trace does not match the grammar", actual=line, req="TR-001", check="grammar"
            )
        if _CONTROL.search(line):
            raise CheckFailed(
                "a terminal would act on a line of the trace",
                actual=repr(line),
                req="TR-013",
                check="grammar",
            )
        if never and never in line:
            raise CheckFailed("the trace has a payload", actual=line, req="TR-021", check="no-payload")
        message = _MESSAGE.fullmatch(parsed["rest"])
        if message is not None:
            messages.append((message[1], message[2], int(message[3]), int(message[4])))
            name = parsed["name"]
        elif parsed["rest"].startswith(("sent <", "received <")):
            raise CheckFailed("an event begins like a message", actual=line, req="TR-001", check="grammar")
    if not messages:
        raise CheckFailed("no line is about a message", actual="\n".join(lines[:10]), req="TR-010")
    wanted = options.get("name")
    ending = options.get("name_ends")
    if ending and not name.endswith(ending):
        raise CheckFailed(
            "the name has a different ending", expected=ending, actual=name, req="TR-001", check="name"
        )
    events = len(lines) - len(messages)
    if events < options.get("events", 0):
        expected = f"at least {options['events']}"
        raise CheckFailed("there are too few events", expected=expected, actual=str(events), req="TR-011")
    if wanted and name != wanted:
        raise CheckFailed(
            "the lines have a different name", expected=wanted, actual=name, req="TR-001", check="name"
        )
    _compare(messages, seen, options.get("ways", _BOTH))


def _file_lines(files: Sequence[Path]) -> list[str]:
    texts = [
        path.read_text(encoding="utf-8") for path in files if path.name[len("execnet-debug-") :].isdigit()
    ]
    # A testee may have another process than the one with the connection, with its own trace.
    texts = [text for text in texts if _MESSAGE.search(text)] or texts
    if not texts:
        names = str([file.name for file in files])
        raise CheckFailed(
            "there is no trace", expected="a file execnet-debug-PID", actual=names, req="TR-001"
        )
    if not texts[0].endswith("\n"):
        raise CheckFailed("the trace does not end with a whole line", actual=texts[0][-100:], req="TR-012")
    return texts[0][:-1].split("\n")


def _prefixed_lines(stderr: str) -> list[str]:
    found: dict[str, list[str]] = {}
    for line in stderr.split("\n"):
        parsed = _PREFIX.fullmatch(line)
        if parsed is not None:
            found.setdefault(parsed[1], []).append(parsed[2])
        elif _MESSAGE.search(line):
            raise CheckFailed("a line does not begin with [PID]", actual=line, req="TR-001", check="prefix")
    with_messages = [lines for lines in found.values() if any(_MESSAGE.search(line) for line in lines)]
    if not with_messages:
        raise CheckFailed("standard error has no trace", actual=stderr[:300], req="TR-001")
    return with_messages[0]


def _compare(messages: Sequence[Seen], seen: Sequence[Seen], ways: Sequence[str] = _BOTH) -> None:
    """Compare each direction on its own: how the two mix is the testee's to know."""
    for theirs in ways:
        ours = "received" if theirs == "sent" else "sent"
        traced = [message[1:] for message in messages if message[0] == theirs]
        wire = [frame[1:] for frame in seen if frame[0] == ours]
        if traced == wire:
            continue
        differing = (n for n, (a, b) in enumerate(zip(traced, wire, strict=False)) if a != b)
        at = next(differing, min(len(traced), len(wire)))
        raise CheckFailed(
            f"the lines about {theirs} frames are not the frames on the wire, from number {at + 1} on",
            expected=f"{len(wire)} frames; number {at + 1}: {wire[at] if at < len(wire) else 'none'}",
            actual=f"{len(traced)} lines; number {at + 1}: {traced[at] if at < len(traced) else 'none'}",
            req="TR-010",
            check="lines-are-frames",
        )


def _check_json(scratch: Path, seen: Sequence[Seen], never: str | None) -> None:
    files = sorted(scratch.glob("trace-*.jsonl"))
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if never and never in line:
            raise CheckFailed("the trace has a payload", actual=line, req="TR-021", check="no-payload")
    rows = [_json_row(line) for line in lines]
    messages = [
        (row["dir"], row["type"], row["channel"], row["length"]) for row in rows if "event" not in row
    ]
    if not messages:
        raise CheckFailed("there is no JSON trace", actual=str(files), req="TR-020")
    _compare(messages, seen)


def _json_row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise CheckFailed(f"a line is not JSON: {error}", actual=line[:300], req="TR-020") from None
    wanted = {"ns", "pid", "side", "event"}
    if not isinstance(row, dict) or "event" not in row:
        wanted = {"ns", "pid", "side", "dir", "type", "channel", "length"}
    if not isinstance(row, dict) or set(row) != wanted:
        raise CheckFailed(
            "a line has different keys", expected=str(sorted(wanted)), actual=line[:300], req="TR-020"
        )
    return row
