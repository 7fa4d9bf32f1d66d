"""A dialogue with a mistake of its author is found; one with a mistake of a peer is marked with ``!``."""

from __future__ import annotations

from pathlib import Path

import pytest

import dialogues
from spec_schema import Schema, read_schema

START = """
W>I preamble
W>I HELLO 0 {"version": [1, 0], "credit": 65536}
I>W HELLO 0 {"version": [1, 0], "credit": 65536}
"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema(Path(dialogues.__file__).resolve().parent.parent)


def problems_of(schema: Schema, text: str) -> str:
    """Check a dialogue whose bytes are what its lines say."""
    lines = []
    incomplete: set[str] = set()
    for line in text.strip().splitlines():
        place = line.split()[0] + line.split()[2] if len(line.split()) > 2 else ""
        step = dialogues.parse_step(schema, line, inside_item=place in incomplete)
        if step.name == "CHANNEL_PART":
            incomplete.add(place)
        elif step.name == "CHANNEL_DATA":
            incomplete.discard(place)
        shown = bytes.fromhex(schema.registry["preamble"]) if step.name == "preamble" else step.frame()
        lines += [line, "    " + shown.hex()]
    return "\n".join(dialogues.check_dialogue(schema, lines))


def test_a_start_is_fine(schema: Schema) -> None:
    assert problems_of(schema, START) == ""


BAD = {
    "a frame before HELLO": (
        "W>I preamble\nI>W PING 0 h''\nW>I HELLO 0 {\"version\": [1, 0]}",
        "HELLO must be the first frame",
    ),
    "a preamble in the middle": (START + "W>I preamble", "not the preamble of a worker at the beginning"),
    "the wrong role": ('W>I CHANNEL_EXEC 2 {"source": ""}', "only the initiator may send it"),
    "the wrong channel": ("I>W PING 3 h''", "the channel must be zero"),
    "a payload where there is none": ("I>W STATUS 1 null", "it has no payload"),
    "a payload against its rule": ("I>W CHANNEL_CREDIT 1 0", "I>W CHANNEL_CREDIT 1: "),
    "an answer against its rule": (
        'I>W STATUS 1\nW>I CHANNEL_DATA 1 {"numchannels": 0}',
        "W>I CHANNEL_DATA 1: ",
    ),
    "an item after the last": (
        "I>W CHANNEL_LAST_MESSAGE 1\nI>W CHANNEL_DATA 1 1",
        "has sent CHANNEL_LAST_MESSAGE",
    ),
    "an item after the close": ("I>W CHANNEL_CLOSE 1\nI>W CHANNEL_DATA 1 1", "has closed the channel"),
    "a batch inside an item": ("I>W CHANNEL_PART 1 h'82'\nI>W CHANNEL_BATCH 1 [1]", "an item is incomplete"),
    "parts that are no item": (
        "I>W CHANNEL_PART 1 h'82'\nI>W CHANNEL_DATA 1 h'01'",
        "cannot be read: truncated",
    ),
    "too much credit back": (
        START + "I>W CHANNEL_DATA 1 1\nW>I CHANNEL_CREDIT 1 66",
        "more credit comes back",
    ),
    "an opaque payload that is none": ("I>W PING 0 1", "has an opaque payload"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_found(schema: Schema, name: str) -> None:
    text, wanted = BAD[name]
    try:
        found = problems_of(schema, text)
    except ValueError as error:
        found = str(error)
    assert wanted in found


def test_a_marked_mistake_is_none(schema: Schema) -> None:
    assert problems_of(schema, "I>W CHANNEL_CLOSE 1\n!I>W CHANNEL_DATA 1 1") == ""


def test_credit_is_counted_with_what_came_back(schema: Schema) -> None:
    item = "h'" + "00" * 30_000 + "'"  # costs 30,067
    two = f"I>W CHANNEL_DATA 1 {item}\nI>W CHANNEL_DATA 1 {item}\n"
    third = f"I>W CHANNEL_DATA 1 {item}"
    assert problems_of(schema, START + two) == ""
    assert "costs more than the credit left" in problems_of(schema, START + two + third)
    assert problems_of(schema, START + two + "W>I CHANNEL_CREDIT 1 60134\n" + third) == ""


def test_bytes_that_differ_from_the_line_are_found(schema: Schema) -> None:
    found = dialogues.check_dialogue(schema, ["I>W PING 0 h'01'", "0b 00000000 00000001 02"])
    assert found == ["I>W PING 0: the bytes are 0b000000000000000102, but the line says 0b000000000000000101"]


@pytest.mark.parametrize("line", ["I>W", "I>W NOISE 0", "W>W PING 0", "I>W PING zero"])
def test_a_line_that_names_no_frame_is_refused(schema: Schema, line: str) -> None:
    assert "cannot be read" in dialogues.check_dialogue(schema, [line, ""])[0]
