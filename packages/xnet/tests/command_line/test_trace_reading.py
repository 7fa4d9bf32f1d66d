from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_files import a_conversation
from xnet.command_line.trace_reading import Entry, Reader, parse_line


def shown(entry: Entry | None) -> tuple[object, ...] | None:
    if entry is None:
        return None
    what = entry.direction or entry.event
    return entry.pid, entry.side, what, entry.kind, entry.channel, entry.length


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        (b"gw0 sent <Message CHANNEL_EXEC channel=1 lendata=17>", (7, "gw0", "sent", "CHANNEL_EXEC", 1, 17)),
        (
            b"[9] a-worker received <Message TYPE_200 channel=0 lendata=0>",
            (9, "a-worker", "received", "TYPE_200", 0, 0),
        ),
        (b"gw0 asking to terminate", (7, "gw0", "asking to terminate", "", 0, 0)),
        (b"gw0 | sent <Message X", (7, "gw0", "| sent <Message X", "", 0, 0)),
        (b'{"ns": 1, "pid": 2, "side": "s", "event": "a\\nb"}', (2, "s", "a\nb", "", 0, 0)),
        (
            b'{"ns":1,"pid":2,"side":"s","dir":"sent","type":"T","channel":3,"length":4,"more":[]}',
            (2, "s", "sent", "T", 3, 4),
        ),
        (b'{"ns": true, "pid": 2, "side": "s", "event": "x"}', None),
        (b'{"ns": 1.5, "pid": 2, "side": "s", "event": "x"}', None),
        (b'{"ns": -1, "pid": 2, "side": "s", "event": "x"}', None),
        (b'{"ns": 1, "pid": 2, "side": "s", "dir": "up", "type": "T", "channel": 3, "length": 4}', None),
        (b'{"ns": 99999999999999999999, "pid": 2, "side": "s", "event": "x"}', None),
        (b"{" * 5000, None),
        (b"[" * 100000, None),
        (b"", None),
        (b"word", None),
    ],
)
def test_lines(line: bytes, entry: tuple[object, ...] | None) -> None:
    assert shown(parse_line(line, 7)) == entry


def test_without_a_process_two_words_are_no_event() -> None:
    assert parse_line(b"some output", 0) is None
    assert shown(parse_line(b"[3] gw0 ended", 0)) == (3, "gw0", "ended", "", 0, 0)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_line_or_none(line: bytes) -> None:
    parse_line(line, 1)


def test_both_forms_have_the_same_entries(tmp_path: Path) -> None:
    here, _ = a_conversation(tmp_path)
    text, lines = Reader(str(here.text)), Reader(str(here.json))
    assert [shown(entry) for entry in text.entries()] == [shown(entry) for entry in lines.entries()]
    assert (text.count, text.foreign, text.cut) == (lines.count, 0, False) == (8, 0, False)


def test_what_is_cut_or_foreign_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(
        b"[1] gw0 begun\nwarning\n\n" + b"x" * 3_000_000 + b"\n[1] gw0 end\xffed\n[1] gw0 sent <Mess"
    )
    reader = Reader(str(path))
    assert [entry.event for entry in reader.entries()] == ["begun", "end\\xffed"]
    assert (reader.count, reader.foreign, reader.cut) == (2, 2, True)
    assert len(list(reader.entries())) == 2
    assert reader.foreign == 2


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Somebody may have put it where traces are looked for."""
    os.mkfifo(tmp_path / "t-1.jsonl")
    with pytest.raises(OSError, match="it is a pipe") as caught:
        list(Reader(str(tmp_path / "t-1.jsonl")).entries())
    assert caught.value.filename == str(tmp_path / "t-1.jsonl")
