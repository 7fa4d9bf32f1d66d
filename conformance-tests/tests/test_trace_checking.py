from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xnet_conformance.errors import CheckFailed
from xnet_conformance.trace_checking import check_trace

SEEN = [("sent", "PING", 0, 1), ("received", "PONG", 0, 1)]
LINES = ["gw sent <Message PONG channel=0 lendata=1>", "gw received <Message PING channel=0 lendata=1>"]


def stderr(lines: list[str], prefix: str = "[7] ") -> str:
    return "".join(f"{prefix}{line}\n" for line in lines)


def test_lines_that_are_the_frames(tmp_path: Path) -> None:
    check_trace("stderr", tmp_path, "noise\n" + stderr(["gw it begins", *LINES]), SEEN, {"name": "gw"})
    (tmp_path / "execnet-debug-7").write_text("\n".join(LINES) + "\n")
    check_trace("file", tmp_path, "", SEEN, {})


@pytest.mark.parametrize(
    ("text", "options", "req"),
    [
        ("", {}, "TR-001"),
        (stderr(LINES, ""), {}, "TR-001"),
        (stderr(LINES), {"name": "other"}, "TR-001"),
        (stderr(LINES[:1]), {}, "TR-010"),
        (stderr(LINES * 2), {}, "TR-010"),
        (stderr([LINES[0].replace("=1>", "=2>"), LINES[1]]), {}, "TR-010"),
        (stderr([LINES[0].replace("PONG", "INFO"), LINES[1]]), {}, "TR-010"),
        (stderr([*LINES, "gw the secret word"]), {"never": "secret"}, "TR-021"),
        (stderr([*LINES, "gw sent <anything"]), {}, "TR-001"),
        (stderr([*LINES, "gw it says \x1b[2J"]), {}, "TR-013"),
        (stderr([*LINES, "gw it says \x9b2J"]), {}, "TR-013"),
        (stderr([*LINES, "gw it says\rgw another thing"]), {}, "TR-013"),
    ],
)
def test_lines_that_are_wrong(tmp_path: Path, text: str, options: dict[str, Any], req: str) -> None:
    with pytest.raises(CheckFailed) as caught:
        check_trace("stderr", tmp_path, text, SEEN, options)
    assert caught.value.req == req


def test_a_trace_that_nobody_asked_for(tmp_path: Path) -> None:
    check_trace("none", tmp_path, "harmless", SEEN, {})
    with pytest.raises(CheckFailed, match="unrequested"):
        check_trace("none", tmp_path, stderr(LINES), SEEN, {})
    (tmp_path / "execnet-debug-7").touch()
    with pytest.raises(CheckFailed, match="unrequested"):
        check_trace("none", tmp_path, "", SEEN, {})


def test_traces_for_machines(tmp_path: Path) -> None:
    base = {"ns": 1, "pid": 7, "side": "gw", "channel": 0, "length": 1}
    rows = [{**base, "dir": "received", "type": "PING"}, {**base, "dir": "sent", "type": "PONG"}]
    file = tmp_path / "trace-7.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    check_trace("json", tmp_path, "", SEEN, {})
    for text in ("no json\n", "[]\n", json.dumps({"pid": 7}) + "\n", json.dumps(rows[0]) + "\n", ""):
        file.write_text(text)
        with pytest.raises(CheckFailed):
            check_trace("json", tmp_path, "", SEEN, {})


def test_traces_for_machines_without_payloads(tmp_path: Path) -> None:
    event = {"ns": 1, "pid": 7, "side": "gw", "event": "the secret word"}
    (tmp_path / "trace-7.jsonl").write_text(json.dumps(event) + "\n")
    with pytest.raises(CheckFailed) as caught:
        check_trace("json", tmp_path, "", SEEN, {"never": "secret"})
    assert caught.value.req == "TR-021"
