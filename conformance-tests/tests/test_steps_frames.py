"""Steps that send frames and say what has to come: what passes, and the sentence about what does not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from runner_peer import NOT_LONG_S, Peer, cbor, farewell, item, polite
from xnet_conformance import errors
from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.frame_notation import write_map
from xnet_conformance.frames import HEADER, PREAMBLE, Frame, frame
from xnet_conformance.steps_frames import first_difference, pause

Connect = Callable[..., Peer]
OPEN_A = {"remember": {"a": 1}}


def sent(peer: Peer, *steps: dict[str, Any]) -> list[Frame]:
    """Run steps and return what came of them at the other end."""
    peer.run(*steps)
    return peer.heard()


def test_a_frame_is_sent_as_it_is_written(peer: Peer) -> None:
    assert sent(peer, {"send": {"CHANNEL_CLOSE_ERROR": {"ch": 3, "text": "why"}}}) == [
        frame("CHANNEL_CLOSE_ERROR", 3, write_map({"text": "why", "code": "error"}))
    ]
    assert sent(peer, {"send": "GATEWAY_TERMINATE"}) == [frame("GATEWAY_TERMINATE", 0, b"\xa0")]
    assert sent(peer, {"send": {"ITEM": {"ch": "a", "item": [1, "x"]}}}) == [item(1, [1, "x"])]


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({"length": 99}, HEADER.pack(11, 0, 99) + b"ab"),
        ({"cut": 4}, HEADER.pack(11, 0, 2)[:4]),
        ({"split": 3}, HEADER.pack(11, 0, 2) + b"ab"),
    ],
)
def test_a_frame_is_sent_in_other_ways(fields: dict[str, int], data: bytes, peer: Peer) -> None:
    peer.run({"send": {"PING": {"hex": "6162", **fields}}})
    assert peer.heard_raw() == data


def test_items_wait_for_credit_unless_the_case_overdraws(peer: Peer) -> None:
    peer.session.account(1).ours_left = 0
    step = {"CHANNEL_DATA": {"ch": 1, "item": 1}}
    with pytest.raises(NoAnswer, match="no credit came back on channel 1"):
        peer.run({"send": step}, within=NOT_LONG_S)
    assert peer.heard() == []
    step["CHANNEL_DATA"]["overdraw"] = True
    assert sent(peer, {"send": step}) == [item(1, 1)]


def test_raw_bytes_are_sent_and_some_kept_for_later(peer: Peer) -> None:
    peer.run({"raw": {"hex": "00ff", "split": 1}}, {"raw": {"zeros": 3}})
    assert peer.heard_raw() == b"\x00\xff\0\0\0"
    frames: list[Any] = [{"PING": {"hex": "61"}}, {"PING": {"hex": "62"}}]
    peer.run({"raw": {"frames": frames, "keep": 4}})
    assert len(peer.heard_raw()) == 16
    peer.run({"raw": {"kept": True}})
    assert peer.heard_raw() == b"\0\0\x01b"
    assert sent(peer, {"raw": {"frames": frames}}) == [frame("PING", 0, b"a"), frame("PING", 0, b"b")]


def test_code_is_sent_to_be_executed(peer: Peer) -> None:
    (one,) = sent(peer, {"exec": {"ch": "a", "source": "1 + 1"}})
    assert one == frame("CHANNEL_EXEC", 1, cbor({"t": "dict", "v": [["source", "1 + 1"]]}))
    (one,) = sent(peer, {"exec": {"ch": "b", "fixture": "echo", "args": {"n": 2}}})
    assert one.channel == 3
    assert b"def run(channel" in one.payload
    assert one.payload.endswith(cbor({"t": "dict", "v": [["n", 2]]}))
    with pytest.raises(errors.MissingFixture, match="no fixture 'nothing' for the language 'python'"):
        peer.run({"exec": {"ch": "c", "fixture": "nothing"}})


def test_steps_are_repeated_with_names_of_their_own(peer: Peer) -> None:
    step = {"send": {"CHANNEL_DATA": {"ch": "c-$turn", "item": "$i"}}}
    assert sent(peer, {"repeat": {"times": 3, "steps": [step]}}) == [item(1, 0), item(3, 1), item(5, 2)]
    with pytest.raises(CaseError, match="times is '3', expected a number"):
        peer.run({"repeat": {"times": "3", "steps": [step]}})


RIGHT: list[tuple[Frame, dict[str, Any]]] = [
    (item(1, 5), {"ITEM": {"ch": "a", "is": 5}}),
    (item(1, 5), {"ITEM": {"ch": 1, "hex": "05"}}),
    (frame("CHANNEL_BATCH", 1, b"\x81\x05"), {"ITEM": {"ch": "a", "is": {"any": "int"}}}),
    (frame("CHANNEL_CLOSE", 1), {"CHANNEL_CLOSE": {"ch": "a"}}),
    (frame("CHANNEL_CLOSE_ERROR", 1, b"\x63why"), {"CHANNEL_CLOSE_ERROR": {"ch": "a", "text": "why"}}),
    (
        frame("CHANNEL_CLOSE_ERROR", 1, b"\x63why"),
        {"CHANNEL_CLOSE_ERROR": {"ch": "a", "text": {"contains": "h"}}},
    ),
    (frame("GATEWAY_TERMINATE", 0, b"\xa0"), {"GATEWAY_TERMINATE": None}),
    (frame("CHANNEL_CLOSE", 8), {"CHANNEL_CLOSE": {"ch": {"bind": "b"}}}),
]


@pytest.mark.parametrize(("came", "expected"), RIGHT)
def test_what_was_expected_is_taken(came: Frame, expected: dict[str, Any], peer: Peer) -> None:
    peer.say(came)
    peer.run(OPEN_A, {"expect": expected})
    assert peer.session.inbox == []


def test_a_channel_that_is_bound_has_its_name_from_then_on(peer: Peer) -> None:
    peer.say(frame("CHANNEL_CLOSE", 6), item(8, 1), frame("CHANNEL_CLOSE", 8))
    scenario = peer.run(
        {"expect": {"ITEM": {"ch": {"bind": "b"}}}}, {"expect": {"CHANNEL_CLOSE": {"ch": "b"}}}
    )
    assert scenario.bindings["b"] == 8
    assert [event.channel for event in peer.session.inbox] == [6]


WRONG: list[tuple[Frame, dict[str, Any], str]] = [
    (item(1, 5), {"ITEM": {"ch": "a", "is": 6}}, "ITEM: "),
    (item(1, 5), {"ITEM": {"ch": "a", "hex": "06"}}, "the payload differs at byte 0"),
    (item(1, 5), {"CHANNEL_CLOSE": {"ch": "a"}}, "ITEM came, CHANNEL_CLOSE was expected"),
    (frame("CHANNEL_CLOSE", 1), {"ITEM": {"ch": "a"}}, "CHANNEL_CLOSE came, ITEM was expected"),
    (
        frame("CHANNEL_CLOSE_ERROR", 1, b"\x61x"),
        {"CHANNEL_CLOSE_ERROR": {"ch": "a", "text": "y"}},
        "CLOSE_ERROR: ",
    ),
    (
        farewell(1),
        {"ITEM": {"ch": "a"}},
        "the testee ended the connection while ITEM on channel a was expected",
    ),
]


@pytest.mark.parametrize(("came", "expected", "words"), WRONG)
def test_what_was_not_expected_is_told(came: Frame, expected: dict[str, Any], words: str, peer: Peer) -> None:
    peer.say(came)
    with pytest.raises(CheckFailed, match=re.escape(words)) as caught:
        peer.run(OPEN_A, {"expect": expected, "check": "name", "req": "FC-003"})
    assert caught.value.expected
    assert caught.value.actual
    assert (caught.value.check, caught.value.req) == ("name", "FC-003")


def test_nothing_and_the_end_are_two_things(peer: Peer) -> None:
    peer.say(item(3, "something else"))
    for channel in ("a", {"bind": "b"}):
        with pytest.raises(NoAnswer, match=r"CHANNEL_CLOSE.* (come|came) in time"):
            peer.run(OPEN_A, {"expect": {"CHANNEL_CLOSE": {"ch": channel}}}, within=NOT_LONG_S)
    with pytest.raises(NoAnswer, match="what came: ITEM 3 'something else'"):
        peer.run({"expect": {"ITEM": {"ch": "a"}}}, within=NOT_LONG_S)
    peer.end()
    for channel in ("a", {"bind": "b"}):
        with pytest.raises(
            errors.TesteeGone, match=r"ended while CHANNEL_CLOSE.* was expected; the stream ended"
        ):
            peer.run({"expect": {"CHANNEL_CLOSE": {"ch": channel}}})


def test_a_stream_that_is_broken_is_told_at_once(peer: Peer) -> None:
    peer.say_raw(frame("PING").encode()[:5] + b"\xff\xff\xff\xff")
    for step in ({"expect": {"ITEM": {"ch": 1}}}, {"goaway": "NO_ERROR"}):
        with pytest.raises(CheckFailed, match="a frame of type 11 with 4294967295 bytes"):
            peer.run(step)


def test_a_barrier_lets_nothing_pass_that_it_does_not_name(peer: Peer) -> None:
    peer.serve(polite)
    peer.run(OPEN_A, {"barrier": True})
    peer.socket.sendall(item(1, 1).encode())
    peer.run({"barrier": {"allow": ["a"]}})
    with pytest.raises(CheckFailed, match="something came that must not") as caught:
        peer.run({"barrier": True})
    assert caught.value.actual == "ITEM 1 1"


def test_another_answer_is_no_barrier(peer: Peer) -> None:
    peer.say(frame("PONG", 0, b"not this"))
    with pytest.raises(CheckFailed, match="the PONG of the barrier was expected"):
        peer.run({"barrier": True})


def test_the_end_with_a_code(connect: Connect) -> None:
    peer = connect()
    peer.say(item(2, 1), farewell(2, "what is it?"))
    peer.end()
    peer.run({"goaway": "FRAME_UNKNOWN_TYPE"})
    peer.run({"goaway": {"code": "NO_ERROR", "or": ["FRAME_UNKNOWN_TYPE"], "text": {"contains": "what"}}})
    with pytest.raises(CheckFailed, match="with FRAME_UNKNOWN_TYPE, NO_ERROR was expected"):
        peer.run({"goaway": "NO_ERROR"})
    with pytest.raises(CheckFailed, match="the text of GOAWAY"):
        peer.run({"goaway": {"code": "FRAME_UNKNOWN_TYPE", "text": "else"}})
    peer.run({"goaway": {"code": "FRAME_UNKNOWN_TYPE", "last": 0}})
    with pytest.raises(CheckFailed, match='"last" in GOAWAY is 0') as caught:
        peer.run({"goaway": {"code": "FRAME_UNKNOWN_TYPE", "last": 3}})
    assert caught.value.req == "ER-008"


def test_the_end_without_a_code(connect: Connect) -> None:
    peer = connect()
    with pytest.raises(NoAnswer, match="GOAWAY NO_ERROR did not come"):
        peer.run({"goaway": "NO_ERROR"}, within=NOT_LONG_S)
    peer.end()
    with pytest.raises(CheckFailed, match="without GOAWAY") as caught:
        peer.run({"goaway": "NO_ERROR"})
    assert caught.value.req == "ER-002"
    peer = connect()
    peer.say(farewell(0))
    with pytest.raises(CheckFailed, match="left its side of the stream open"):
        peer.run({"goaway": "NO_ERROR"}, within=NOT_LONG_S)
    peer = connect()
    peer.say(frame("GOAWAY", 0, b"\xa0"))
    with pytest.raises(CheckFailed, match="the payload of GOAWAY has no code"):
        peer.run({"goaway": "NO_ERROR"})


def test_hellos_are_a_case_s_own_if_it_wants_that(connect: Connect) -> None:
    peer = connect(hello=False)
    peer.say_raw(b"hi" + PREAMBLE)
    announced: list[Any] = [["version", [1, 0]], ["implementation", "mine"], ["features", ["trace"]]]
    peer.say(frame("HELLO", 0, cbor({"t": "dict", "v": announced})))
    peer.run({"say_hello": {"credit": 99999}})
    assert b"\x66credit\x1a\x00\x01\x86\x9f" in peer.heard_raw()
    peer.run(
        {
            "expect_hello": {
                "noise": "6869",
                "implementation": "mine",
                "features": ["trace"],
                "credit": 1048576,
            }
        }
    )
    with pytest.raises(CheckFailed, match="bytes came before the preamble"):
        peer.run({"expect_hello": {"noise": ""}})
    with pytest.raises(CheckFailed, match="implementation in the HELLO"):
        peer.run({"expect_hello": {"implementation": "yours"}})
    with pytest.raises(CaseError, match="a HELLO has no 'colour'"):
        peer.run({"expect_hello": {"colour": 1}})


def test_a_value_comes_back_as_the_same(connect: Connect) -> None:
    peer = connect()
    peer.serve(polite)
    peer.run(OPEN_A, {"echoed": {"ch": "a", "is": [1, {"t": "float", "v": "-0.0"}]}})
    peer.run({"echoed": {"ch": "a", "hex": "1805", "is": 5}})  # any encoding may be sent
    with pytest.raises(CheckFailed, match="ITEM: "):
        peer.run({"echoed": {"ch": "a", "is": 5, "back": 6}})


def test_entries_in_another_order_are_a_remark(peer: Peer) -> None:
    wanted = {"t": "dict", "v": [[1, "a"], [2, "b"]]}
    peer.say(item(1, {"t": "dict", "v": [[2, "b"], [1, "a"]]}))
    scenario = peer.run(OPEN_A, {"echoed": {"ch": "a", "is": wanted}})
    assert "came back in a different order" in scenario.remarks[0]


def test_bytes_come_back_from_python_2_as_its_str(connect: Connect) -> None:
    peer = connect(python2=True)
    peer.say(item(1, {"t": "py2str", "v": "00"}), item(1, {"t": "bytes", "v": "00"}))
    echoed = {"echoed": {"ch": "a", "is": {"t": "bytes", "v": "00"}}}
    peer.run(OPEN_A, echoed)
    with pytest.raises(CheckFailed, match="ITEM: "):
        peer.run(echoed)


def test_items_are_counted(peer: Peer) -> None:
    peer.say(*[item(1, number) for number in range(3)], *[item(1, "x")] * 2)
    peer.run(OPEN_A, {"items": {"ch": "a", "count": 3, "numbered": True}})
    peer.run({"items": {"ch": "a", "count": 2, "is": "x"}})
    with pytest.raises(NoAnswer, match="item 1 of 1 on channel a did not come in time"):
        peer.run({"items": {"ch": "a", "count": 1}}, within=NOT_LONG_S)
    peer.say(item(1, 1))
    with pytest.raises(CheckFailed):
        peer.run({"items": {"ch": "a", "count": 1, "numbered": True}})


def test_a_longer_encoding_is_a_remark(peer: Peer) -> None:
    peer.say(frame("CHANNEL_DATA", 1, b"\x05"), frame("CHANNEL_DATA", 1, b"\x18\x05"))
    step = {"encoded": {"ch": "a", "is": 5, "or": ["05"]}}
    assert peer.run(OPEN_A, step).remarks == []
    assert peer.run(step).remarks == ["encoded as 1805, 05 would be shorter (VA-005)"]


def test_only_a_case_about_time_may_let_it_pass(connect: Connect) -> None:
    with pytest.raises(CaseError, match="meanwhile is for cases with timing: true"):
        connect().run({"meanwhile": 0.01})
    peer = connect()
    before = time.monotonic()
    pause(peer.scenario(timing=True), 0.05)
    assert time.monotonic() - before >= 0.05
    peer.run({"meanwhile": 0.01})


def test_the_first_byte_that_differs() -> None:
    assert [first_difference(*pair) for pair in ((b"ab", b"ac"), (b"a", b"ab"), (b"x", b"a"))] == [1, 1, 0]
