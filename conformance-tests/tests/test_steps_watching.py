"""Steps about credit, the stream's end, the process, its output and its files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner_peer import NOT_LONG_S, PATIENCE_S, Peer, cbor, farewell, item
from xnet_conformance import errors
from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.frames import frame
from xnet_conformance.scenario import Scenario

Connect = Callable[..., Peer]


def fails(peer: Peer, words: str, *steps: dict[str, Any]) -> None:
    with pytest.raises(CheckFailed, match=re.escape(words)):
        peer.run(*steps)


def lacks(peer: Peer, words: str, *steps: dict[str, Any]) -> None:
    with pytest.raises(NoAnswer, match=re.escape(words)):
        peer.run(*steps, within=NOT_LONG_S)


def test_a_case_decides_who_returns_credit(connect: Connect) -> None:
    peer = connect(fields={"credit": 65536})
    part = frame("CHANNEL_PART", 2, b"x" * 16_384)
    peer.run({"credit": "manual"})
    peer.say(part, part, part)
    assert peer.heard() == []
    peer.run({"return_credit": {"ch": 2, "amount": 10}}, {"return_credit": {"ch": 2}})
    assert peer.heard() == [frame("CHANNEL_CREDIT", 2, cbor(10)), frame("CHANNEL_CREDIT", 2, cbor(49_142))]
    peer.run({"credit": "auto"})
    peer.say(part, part)
    assert peer.heard() == [frame("CHANNEL_CREDIT", 2, cbor(32_768))]


def test_an_account_is_waited_for(peer: Peer) -> None:
    peer.run({"send": {"CHANNEL_DATA": {"ch": 1, "item": 1}}})
    lacks(peer, "returned of channel 1 is 0, expected at least 65", {"account": {"ch": 1, "returned": "all"}})
    fails(
        peer,
        "ours_spent of channel 1 is 65, expected at most 64",
        {"account": {"ch": 1, "now": True, "ours_spent": {"at_most": 64}}},
    )
    peer.run({"account": {"ch": 1, "now": True, "ours_spent": {"at_least": 65, "at_most": 65}}})
    peer.run({"account": {"ch": 1, "returned": "due"}})  # less than half a window is no one's due yet
    peer.say(frame("CHANNEL_CREDIT", 1, cbor(65)))
    peer.run({"account": {"ch": 1, "returned": "all", "steps": {"at_least": 1}}})
    with pytest.raises(CaseError, match="an account has no 'colour'"):
        peer.run({"account": {"ch": 1, "colour": {"at_least": 1}}})
    peer.end()
    with pytest.raises(errors.TesteeGone, match="credit was expected"):
        peer.run({"account": {"ch": 1, "returned": {"at_least": 1000}}})


def test_a_sender_without_credit_is_blocked(connect: Connect) -> None:
    peer = connect(fields={"credit": 4096})
    peer.run({"credit": "manual"})
    peer.say(frame("CHANNEL_PART", 2, b"x" * 1000))
    lacks(
        peer,
        "stopped sending on channel 2 with 3096 bytes of credit left",
        {"blocked": {"ch": 2, "next": 3000}},
    )
    peer.say(frame("CHANNEL_PART", 2, b"x" * 1000))
    peer.run({"blocked": {"ch": 2, "next": 3000}})


def test_the_end_of_the_stream(peer: Peer) -> None:
    lacks(peer, "did not end its side of the stream", {"end": {}})
    peer.run({"close_input": True})
    assert peer.socket.recv(1) == b""
    peer.end()
    peer.run({"end": {"clean": True}})


def test_an_end_that_is_not_clean(peer: Peer) -> None:
    peer.say(farewell(2))
    peer.end()
    peer.run({"end": True})
    fails(peer, "the stream ended with GOAWAY", {"end": {"clean": True}})


def test_gr_012_a_clean_end_that_was_asked_for_has_goaway(connect: Connect) -> None:
    silent = connect()
    silent.run({"send": "GATEWAY_TERMINATE"})
    silent.end()
    fails(silent, "without GOAWAY after GATEWAY_TERMINATE", {"end": {"clean": True}})
    told = connect()
    told.run({"send": "GATEWAY_TERMINATE"})
    told.say(farewell(0))
    told.end()
    told.run({"end": {"clean": True}})


def test_time_is_judged_where_a_case_is_about_it(peer: Peer) -> None:
    peer.run({"elapsed": {"at_most": PATIENCE_S}}, {"elapsed": {"at_least": 0}})
    fails(peer, "it took a different time", {"elapsed": {"at_least": 1000}})
    bound = {"elapsed": {"at_most": 1e-6}}
    fails(peer, "it took a different time", bound)
    peer.scenario().scale = PATIENCE_S * 1e6
    peer.run(bound)


def test_values_have_names(peer: Peer) -> None:
    scenario = peer.run({"remember": {"n": 5, "text": "a", "made": {"t": "channel", "v": "c"}, "list": [1]}})
    assert {name: scenario.bindings[name] for name in ("n", "text", "made", "c")} == {
        "n": 5, "text": "a", "made": 1, "c": 1,
    }  # fmt: skip
    peer.say(item(1, [1, 5]))
    peer.run({"expect": {"ITEM": {"ch": "c", "is": {"items": [1, "$n"]}}}})


def test_the_order_of_frames(peer: Peer) -> None:
    peer.say(item(1, 1), frame("PING"), frame("CHANNEL_CLOSE", 1), item(3, 1))
    peer.run(
        {"order": [["CHANNEL_DATA", 1], ["CHANNEL_CLOSE", 1]]}, {"order": [["PING", 0], ["CHANNEL_DATA", 3]]}
    )
    fails(
        peer,
        "CHANNEL_DATA did not come where it should",
        {"order": [["CHANNEL_CLOSE", 1], ["CHANNEL_DATA", 1]]},
    )


def test_files_of_the_scratch_directory(peer: Peer) -> None:
    path = Path(peer.scratch) / "out.txt"
    peer.run({"file": {"name": "out.txt", "absent": True}})
    lacks(peer, "does not contain 'done'", {"file": {"name": "out.txt", "contains": "done"}})
    peer.run({"file": {"name": "out.txt", "make": True}})
    fails(peer, "the file out.txt exists", {"file": {"name": "out.txt", "absent": True}})
    path.write_text("well done")
    peer.run({"file": {"name": "out.txt", "contains": "done"}})


def test_a_trace_is_looked_for_where_the_case_says(peer: Peer) -> None:
    peer.end()
    peer.run({"trace": {"mode": "none"}})
    fails(peer, "there is no trace", {"trace": {"mode": "file"}})
    (Path(peer.scratch) / "execnet-debug-1").write_text("")
    fails(peer, "an unrequested trace was written", {"trace": {"mode": "none"}})


# ---- with a process -------------------------------------------------------------------------------


def test_the_status_of_a_process(run_with: Callable[..., Scenario]) -> None:
    assert run_with("raise SystemExit(3)", {"exit": {"status": 3}}).remarks == []
    with pytest.raises(CheckFailed, match="the exit status is 3"):
        run_with("raise SystemExit(3)", {"exit": {"status": 0}})
    (remark,) = run_with("raise SystemExit(3)", {"exit": {"should_status": 0}}).remarks
    assert "it should be 0 (GR-007)" in remark


def test_a_process_that_runs_on(run_with: Callable[..., Scenario]) -> None:
    with pytest.raises(NoAnswer, match="the process is still running"):
        run_with("input()", {"exit": {}}, within=0.1)
    run_with("input()", {"close_input": True}, {"exit": True})


def test_a_connection_without_a_process_has_no_status(peer: Peer) -> None:
    peer.run({"exit": {"status": 99}})


def test_standard_error(run_with: Callable[..., Scenario]) -> None:
    source = "import sys; sys.stderr.write('it says no'); sys.stderr.flush(); input()"
    run_with(source, {"stderr": {"contains": "says"}})
    with pytest.raises(NoAnswer, match="does not contain 'yes': 'it says no'"):
        run_with(
            "import sys; sys.stderr.write('it says no')", {"exit": True}, {"stderr": {"contains": "yes"}}
        )
    run_with("import sys; sys.stderr.write('it says no')", {"stderr": {"absent": "yes"}})
    with pytest.raises(CheckFailed, match="standard error contains 'no'"):
        run_with("import sys; sys.stderr.write('it says no')", {"stderr": {"absent": "no"}})


def test_niceness_is_compared_with_that_of_the_runner(peer: Peer) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    peer.run({"remember": {"pid": os.getpid()}}, {"niceness": {"of": "$pid", "added": 0}})
    if ours < 19:
        fails(
            peer,
            f"the niceness of process {os.getpid()} is {ours}",
            {"remember": {"pid": os.getpid()}},
            {"niceness": {"of": "$pid", "added": 40}},
        )


def test_a_directory_is_looked_for(run_with: Callable[..., Scenario], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "made").mkdir()
    run_with("", {"file": {"name": "made", "folder": True}}, scratch=tmp_path)
    for name in ("file", "none"):
        with pytest.raises(CheckFailed, match=f"the directory {name} does not exist"):
            run_with("", {"file": {"name": name, "folder": True}}, scratch=tmp_path)
