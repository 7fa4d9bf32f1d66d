"""What is written is what the Trace Event Format says; ``perfetto_format`` has its rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfetto_format import check_format
from trace_files import a_conversation
from xnet.command_line.perfetto import write_events
from xnet.command_line.timeline import Timeline
from xnet.command_line.trace_reading import Reader


def written(*paths: Path) -> list[dict[str, Any]]:
    pieces: list[str] = []
    count = write_events(Timeline([Reader(str(path)) for path in paths]), pieces.append)
    value = json.loads("".join(pieces))
    assert set(value) == {"displayTimeUnit", "otherData", "traceEvents"}
    events: list[dict[str, Any]] = value["traceEvents"]
    assert count == sum(event["ph"] in "Xi" for event in events)
    return events


@pytest.mark.parametrize("form", ["json", "text"])
def test_both_forms(form: str, tmp_path: Path) -> None:
    here, there = a_conversation(tmp_path)
    events = written(getattr(here, form), getattr(there, form))
    check_format(events)
    # Each frame was sent and received: an arrow.
    begun = {event["id"]: event["ts"] for event in events if event["ph"] == "s"}
    ended = {event["id"]: event["ts"] for event in events if event["ph"] == "f"}
    assert begun.keys() == ended.keys()
    assert len(begun) == 6
    assert all(begun[one] <= ended[one] for one in begun)
    spans = [(event["ph"], event["id"]) for event in events if event["ph"] in "be"]
    assert sorted(spans) == sorted([("b", "0/1"), ("e", "0/1"), ("b", "1/1"), ("e", "1/1")])
    names = {event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert {"gw0 sent", "gw0-worker received"} <= names


def test_half_of_it(tmp_path: Path) -> None:
    """No arrows then, and the channel that never ends is ended."""
    here, _ = a_conversation(tmp_path)
    here.json.write_text("".join(here.json.read_text().splitlines(True)[:4]))
    events = written(here.json)
    check_format(events)
    assert not [event for event in events if event["ph"] in "sf"]
    assert [event["ph"] for event in events if event["ph"] in "be"] == [
        "b",
        "e",
    ] or "CHANNEL_EXEC" not in str(events)
