"""Check every example in the prose: hex, diagnostic notation, decoded form and CDDL agree.

``python protocol-spec/tools/examples.py [--write]``; exit code 1 if something is wrong.
With ``--write``, a line of bytes that is only ``?`` is filled in from the notation.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cbor2

import closed_set
import diagnostic
import spec_text
from dialogues import check_dialogue, parse_step
from literals import Channel, evaluate, same
from spec_schema import Schema, read_schema
from spec_text import Fence

if TYPE_CHECKING:
    from collections.abc import Callable

SPEC: Final = Path(__file__).resolve().parent.parent
KINDS: Final = ("xnet-value", "xnet-reject", "xnet-dialogue")
_OTHER_KINDS: Final = ("", "abnf", "text")


def find_problems(spec: Path = SPEC) -> list[str]:
    """Return a sentence for each example that is wrong."""
    schema = read_schema(spec)
    problems = []
    names: dict[str, str] = {}
    for document in spec_text.read_prose(spec):
        for fence in document.fences:
            if fence.kind in _OTHER_KINDS:
                continue
            where = f"{fence.place} {fence.kind} {fence.name}"
            if fence.kind not in KINDS:
                problems.append(f"{where}: unknown kind of example, expected one of {', '.join(KINDS)}")
                continue
            if not fence.name:
                problems.append(f"{where}: the example has no name")
            elif fence.name in names:
                problems.append(f"{where}: the name is used at {names[fence.name]} already")
            names[fence.name] = str(fence.place)
            problems += [f"{where}: {problem}" for problem in check(schema, fence)]
    return problems


def check(schema: Schema, fence: Fence) -> list[str]:
    """Return what is wrong with one example."""
    if fence.kind == "xnet-dialogue":
        return check_dialogue(schema, fence.lines)
    try:
        fields = _fields(fence)
        return _check_value(schema, fields) if fence.kind == "xnet-value" else _check_reject(schema, fields)
    except (ValueError, KeyError) as error:
        return [f"cannot be read: {error}"]


def _fields(fence: Fence) -> dict[str, str]:
    fields = {}
    for line in fence.lines:
        name, colon, content = line.partition(":")
        if not colon or name in fields:
            raise ValueError(f"line {line!r} is not 'name: content', or comes twice")
        fields[name] = content.strip()
    wanted = {"hex", "diag", "value", "rule"} if fence.kind == "xnet-value" else {"hex", "code", "why"}
    if set(fields) != wanted:
        raise ValueError(f"it has {sorted(fields)}, expected {sorted(wanted)}")
    return fields


def _check_value(schema: Schema, fields: dict[str, str]) -> list[str]:
    problems = []
    data = bytes.fromhex(fields["hex"])
    from_notation = diagnostic.encode(fields["diag"])
    if data != from_notation:
        problems.append(f"hex is {data.hex()}, but diag says {from_notation.hex()}")
    value = evaluate(fields["value"])
    for reader, decoded in (("cbor2", decode_with_cbor2(data)), ("closed_set", _decode(data))):
        if not same(decoded, value):
            problems.append(f"{reader} reads {decoded!r} from hex, but value is {value!r}")
    problems += schema.mismatches(fields["rule"], data)
    return problems


def _check_reject(schema: Schema, fields: dict[str, str]) -> list[str]:
    if fields["code"] not in {row["name"] for row in schema.registry["error_codes"]}:
        return [f"{fields['code']} is no error code"]
    try:
        value = closed_set.decode(bytes.fromhex(fields["hex"]))
    except closed_set.Rejected:
        return []
    return [f"hex is accepted and gives {value!r}"]


def _decode(data: bytes) -> object:
    try:
        return closed_set.decode(data)
    except closed_set.Rejected as error:
        return error


def decode_with_cbor2(data: bytes) -> object:
    """Return the value as cbor2 reads it, with this protocol's tags; an error is returned too."""
    try:
        return cbor2.loads(data, semantic_decoders=_TAG_DECODERS, max_depth=512)
    except cbor2.CBORError as error:
        return error


# Each takes the decoded content, and whether a hashable value is wanted.
_TAG_DECODERS: Final[dict[int, Callable[[Any, bool], object]]] = {
    58400: lambda content, _: tuple(content),
    58401: lambda content, _: frozenset(content),
    58402: lambda content, _: Channel(content),
    58403: lambda content, _: content.decode("latin-1"),
    58404: lambda content, _: content.decode("utf-8", "surrogatepass"),
}


def write(spec: Path = SPEC) -> None:
    """Fill in the bytes of examples that have ``?`` in their place."""
    schema = read_schema(spec)
    for path in sorted(spec.glob(spec_text.PROSE_GLOB)):
        lines = path.read_text(encoding="utf-8").split("\n")
        incomplete: set[tuple[str, int]] = set()
        for number, line in enumerate(lines):
            if line.startswith("```"):
                incomplete.clear()
            elif re.match(r"!?(I>W|W>I) [A-Z]", line):
                shown = _frame_hex(schema, line, incomplete)
                if lines[number + 1].strip() == "?":
                    lines[number + 1] = "    " + shown
            elif line.startswith("hex:") and line.split(":", 1)[1].strip() == "?":
                notation = lines[number + 1].removeprefix("diag:")
                lines[number] = "hex:   " + diagnostic.encode(notation).hex(" ")
        path.write_text("\n".join(lines), encoding="utf-8")


def _frame_hex(schema: Schema, line: str, incomplete: set[tuple[str, int]]) -> str:
    """Return the frame that the line names; ``incomplete`` are the channels inside an item."""
    step = parse_step(schema, line)
    place = (step.way, step.channel)
    if step.name == "CHANNEL_PART":
        incomplete.add(place)
    elif step.name == "CHANNEL_DATA" and place in incomplete:
        incomplete.remove(place)
        step = parse_step(schema, line, inside_item=True)
    frame = step.frame()
    parts = (frame[:1], frame[1:5], frame[5:9], frame[9:])
    return " ".join(part.hex() for part in parts if part)


def main(arguments: list[str]) -> int:
    """Run as a command; return the exit code."""
    if "--write" in arguments:
        write()
    problems = find_problems()
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
