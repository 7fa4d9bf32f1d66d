"""Judging initiators: a program starts the relay, and the runner is its worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from program_helpers import program, skeleton
from runner_peer import NOT_LONG_S, Peer, item
from xnet_conformance.case import Case
from xnet_conformance.case_running import ConnectionRunner
from xnet_conformance.errors import CannotStart, CaseError, CheckFailed, NoAnswer
from xnet_conformance.frames import frame
from xnet_conformance.initiating import Initiators

PING = ({"send": {"PING": {"hex": "61"}}}, {"expect": {"PONG": {"hex": "61"}}})


def case(*steps: dict[str, Any], **fields: Any) -> Case:
    return Case(id="a.b", layer="channel", req=("CH-001",), steps=steps, roles=("initiator",), **fields)


def test_a_program_connects_for_each_case_that_wants_a_connection(tmp_path: Path) -> None:
    initiators = Initiators(skeleton("initiator"), str(tmp_path))
    runner = ConnectionRunner(initiators)
    own = case(*PING, own=True)
    shared = case(*PING)
    late = case({"expect_hello": {}}, own=True, start={"preamble": False, "handshake": False})
    try:
        for one in (shared, shared, own, shared):
            result = runner.run(one)
            assert (result.outcome, result.message) == ("pass", ""), result
        assert (
            runner.run(case({"send": {"PING": {}}}, {"absent": {"PONG": {"ch": 0}}}, own=True)).outcome
            == "pass"
        )
        # The skeleton says HELLO by itself.
        assert runner.run(late).outcome == "pass"
        program = initiators._program
        assert program is not None
        assert not program.link.ended
    finally:
        runner.close()
    assert program.link.process is not None
    assert program.link.process.returncode is not None


@pytest.mark.parametrize(
    ("otherwise", "words"),
    [
        ("sys.exit('no idea')", r"(?s)did not start its worker.*no idea"),
        (
            "import subprocess; subprocess.Popen(line['command'], stdin=-1).stdin.close()",
            "ended before its HELLO",
        ),
    ],
)
def test_a_program_that_does_not_connect_is_told_with_what_it_said(
    otherwise: str, words: str, tmp_path: Path
) -> None:
    initiators = Initiators(program(tmp_path, otherwise, role="initiator"), str(tmp_path))
    try:
        with pytest.raises(CannotStart, match=words):
            initiators.connect({})
    finally:
        initiators.close()


@pytest.mark.parametrize("otherwise", ["pass", "reply(error='no')"])
def test_a_program_that_only_says_so_is_not_waited_for_without_end(otherwise: str, tmp_path: Path) -> None:
    initiators = Initiators(program(tmp_path, otherwise, role="initiator"), str(tmp_path), 0.01)
    initiators._program = None
    try:
        with pytest.raises(CannotStart):
            initiators.connect({})
    finally:
        initiators.close()


# ---- what is asked of the application -------------------------------------------------------------


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Initiators]:
    """Have a program that answers each command with the field ``say`` of it."""
    initiators = Initiators(
        program(tmp_path, "reply(**line.get('say', {}))", role="initiator"), str(tmp_path)
    )
    initiators.prepare()
    yield initiators
    initiators.close()


@pytest.fixture
def initiator(connect: Any, driver: Initiators) -> Peer:
    """Have a connection with an application that is that program."""
    peer: Peer = connect("initiator")
    peer.scenario().driver = driver
    return peer


def asked(**say: Any) -> dict[str, Any]:
    return {"application": {"do": "anything", "as": "x", "say": say}}


def test_what_the_application_answers_is_compared(initiator: Peer) -> None:
    initiator.run(asked(value={"t": "int", "v": "5"}), {"answer": {"as": "x", "value": 5}})
    initiator.run(asked(), {"answer": {"as": "x"}}, {"answer": {"as": "x"}})
    initiator.run(asked(value=None), {"answer": {"as": "x", "value": None}})
    initiator.run(asked(error="it is closed"), {"answer": {"as": "x", "error": "closed"}})


@pytest.mark.parametrize(
    ("say", "expected", "words"),
    [
        ({"value": 6}, {"value": 5}, "what the application got: expected 5, got 6"),
        ({"value": {"t": "int", "v": "x"}}, {"value": 5}, "the answer is not a tagged value"),
        ({"value": {"t": "bytes", "n": 10**15}}, {"value": 5}, "the answer is not a tagged value"),
        ({"value": {"t": "str", "v": []}}, {"value": {"contains": "a"}}, "the answer is not a tagged value"),
        ({"error": "no"}, {"value": 5}, "the application got an error"),
        ({"error": ["odd"]}, {}, "the application got an error"),
        ({"error": "no"}, {"error": "yes"}, "the application got another answer"),
        ({}, {"error": "yes"}, "the application got another answer"),
        ({"unsupported": True}, {}, "the program cannot do what was asked"),
        ({"unsupported": True}, {"either": True}, "the program cannot do what was asked"),
        ({"problem": "TypeError"}, {"error": "Type"}, "the program cannot do what was asked"),
    ],
)
def test_another_answer_is_the_testee_s_mistake(
    say: dict[str, Any], expected: dict[str, Any], words: str, initiator: Peer
) -> None:
    with pytest.raises(CheckFailed, match=words):
        initiator.run(asked(**say), {"answer": {"as": "x", **expected}})


def test_what_nobody_asked_has_no_answer(initiator: Peer) -> None:
    with pytest.raises(CaseError, match="was not asked for anything as 'y'"):
        initiator.run({"answer": {"as": "y"}})


def test_an_answer_that_does_not_come(initiator: Peer, driver: Initiators, tmp_path: Path) -> None:
    driver._drop()
    driver.testee = program(tmp_path, "pass", role="initiator")
    driver.prepare()
    with pytest.raises(NoAnswer, match="the application did not answer command 2"):
        initiator.run(asked(), {"answer": {"as": "x"}}, within=NOT_LONG_S)


def test_channels_of_the_application_are_opened_by_its_frames(initiator: Peer) -> None:
    initiator.say(
        frame("CHANNEL_EXEC", 1, b"\xa1\x66source\x60"), frame("CHANNEL_EXEC", 3, b"\xa1\x66source\x60")
    )
    scenario = initiator.run({"echo_channel": "a"}, {"kept_channel": {"by": "b", "ch": "k"}})
    assert (scenario.bindings["a"], scenario.bindings["k"]) == (1, 3)


@pytest.mark.parametrize("answer", ["error='no'", "unsupported=True", "problem='TypeError'"])
def test_a_channel_that_could_not_be_opened(
    answer: str, initiator: Peer, driver: Initiators, tmp_path: Path
) -> None:
    driver._drop()
    driver.testee = program(tmp_path, f"reply({answer})", role="initiator")
    driver.prepare()
    initiator.say(frame("CHANNEL_EXEC", 1, b"\xa1\x66source\x60"))
    with pytest.raises(CheckFailed, match="the application could not echo a channel"):
        initiator.run({"echo_channel": "a"})


def test_a_channel_is_used_by_its_name_only_after_it_has_one(initiator: Peer) -> None:
    initiator.run({"application": {"do": "exec", "new": "n"}}, {"application": {"do": "send", "ch": "n"}})
    assert "answer to 2" in initiator.scenario().bindings


def test_the_runner_goes_on_being_a_worker_while_it_waits(initiator: Peer) -> None:
    initiator.socket.sendall(frame("PING", 0, b"a").encode() + item(1, 5).encode())
    initiator.run(asked(), {"answer": {"as": "x"}})
    initiator.settle()
    assert [one.name for one in initiator.heard()] == ["PONG"]
    assert [event.name for event in initiator.session.inbox] == ["ITEM"]
