"""The runner's end of a connection, with the test at the other one."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from runner_peer import NOT_LONG_S, PATIENCE_S, Peer, cbor, farewell, item, patience
from xnet_conformance import errors
from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.frames import PREAMBLE, Frame, frame
from xnet_conformance.session import describe_goaway, require_number
from xnet_conformance.values import Value

Connect = Callable[..., Peer]


def rules(peer: Peer) -> list[str]:
    return [violation.req for violation in peer.session.take_violations()]


def test_a_hello_is_read_however_it_arrives(connect: Connect) -> None:
    peer = connect(hello=False)
    peer.session.say_hello()
    assert [one.name for one in peer.heard()] == ["HELLO"]
    hello = frame("HELLO", 0, cbor({"t": "dict", "v": [["version", [1, 3]], ["features", ["exec.ruby"]]]}))
    for byte in b"noise" + PREAMBLE + hello.encode():
        peer.say_raw(bytes([byte]))
    announced = peer.session.wait_hello(patience())
    assert (announced.minor, announced.language) == (3, "ruby")
    assert peer.session.noise == b"noise"
    assert rules(peer) == []


def test_no_hello_is_one_of_three_things(connect: Connect) -> None:
    silent = connect(hello=False)
    silent.say_raw(b"hello?")
    with pytest.raises(NoAnswer, match="no HELLO came; it wrote b'hello\\?'"):
        silent.session.wait_hello(time.monotonic() + NOT_LONG_S)
    silent.end()
    with pytest.raises(errors.TesteeGone, match="ended before its HELLO"):
        silent.session.wait_hello(patience())
    wrong = connect(hello=False)
    wrong.say_raw(PREAMBLE + frame("HELLO", 0, b"\x01").encode())
    with pytest.raises(CheckFailed, match="not a map with text keys"):
        wrong.session.wait_hello(patience())


def test_noise_without_end_is_not_collected(connect: Connect) -> None:
    peer = connect(hello=False)
    for _ in range(70):
        peer.say_raw(b"x" * 1000)
    with pytest.raises(CheckFailed, match="65,536 bytes came without the preamble"):
        peer.session.wait_hello(patience())


def test_a_frame_above_the_limit_is_not_waited_for(connect: Connect) -> None:
    peer = connect(fields={"limits": {"frame": 65536}})
    peer.say_raw(frame("PING", 0).encode()[:5] + (65537).to_bytes(4, "big"))
    assert peer.session.protocol_broken is not None
    assert "65536 were announced" in peer.session.protocol_broken
    assert rules(peer) == ["FR-004"]


def test_a_flood_of_events_is_not_kept(peer: Peer) -> None:
    for _ in range(21):
        peer.say(*[frame("CHANNEL_CLOSE", 2 * number) for number in range(1, 1002)])
    assert peer.session.protocol_broken == "20,000 unexpected events came"


def test_items_are_put_together_and_numbered_in_order(peer: Peer) -> None:
    peer.say(
        frame("CHANNEL_OPEN", 2),
        frame("CHANNEL_PART", 2, b"\x82\x01"),
        frame("CHANNEL_DATA", 2, b"\x02"),
        frame("CHANNEL_BATCH", 2, b"\x82\x03\x61a"),
    )
    assert [event.describe() for event in peer.session.inbox] == ["ITEM 2 [1, 2]", "ITEM 2 3", "ITEM 2 'a'"]
    first = peer.session.first(2)
    assert first is peer.session.inbox[0]
    assert peer.session.first(1) is None
    assert rules(peer) == []


def test_an_item_that_is_no_value_is_a_violation_and_no_item(peer: Peer) -> None:
    peer.say(frame("CHANNEL_OPEN", 2), frame("CHANNEL_DATA", 2, b"\xff"))
    assert peer.session.inbox == []
    assert rules(peer) == ["VA-001"]


def test_pings_are_answered_and_what_is_skipped_makes_no_event(peer: Peer) -> None:
    peer.say(frame("PING", 0, b"are you there"), Frame(150, 9, b"?"), frame("CHANNEL_CREDIT", 1, b"\x01"))
    assert peer.heard() == [frame("PONG", 0, b"are you there")]
    assert peer.session.inbox == []


def test_credit_is_returned_at_half_of_the_window(connect: Connect) -> None:
    peer = connect(fields={"credit": 65536})
    peer.say(*[frame("CHANNEL_PART", 2, b"\x80" * 16_000)] * 2)
    assert peer.heard() == []
    peer.say(frame("CHANNEL_PART", 2, b"\x80" * 1000))
    assert peer.heard() == [frame("CHANNEL_CREDIT", 2, cbor(33_000))]
    assert peer.session.account(2).due == 0


def test_credit_is_left_to_the_case_if_it_wants_that(connect: Connect) -> None:
    peer = connect(fields={"credit": 65536})
    peer.session.auto_credit = False
    peer.say(*[frame("CHANNEL_PART", 2, b"\x80" * 16_000)] * 3)
    assert peer.heard() == []
    peer.session.return_credit(2, 100)
    assert peer.heard() == [frame("CHANNEL_CREDIT", 2, cbor(100))]


def test_channels_of_earlier_cases_are_watched_and_not_kept(peer: Peer) -> None:
    peer.session.retired.add(2)
    peer.say(frame("CHANNEL_OPEN", 2), item(2, 1), frame("CHANNEL_CLOSE", 2), frame("CHANNEL_CLOSE", 2))
    assert peer.session.inbox == []
    assert rules(peer) == ["CH-040"]


def test_ids_have_the_parity_of_the_runner(connect: Connect) -> None:
    assert [connect().session.fresh_channel() for _ in range(1)] == [1]
    session = connect("initiator").session
    assert [session.fresh_channel(), session.fresh_channel()] == [2, 4]


def test_an_item_waits_for_credit_and_says_what_is_missing(peer: Peer) -> None:
    session = peer.session
    session.account(1).ours_left = 100
    with pytest.raises(NoAnswer, match=r"100 bytes are left, 114 are needed.*FC-014"):
        session.send_item(1, Value("bytes", b"x" * 48), time.monotonic() + NOT_LONG_S)
    assert peer.heard() == []
    peer.say(frame("CHANNEL_CREDIT", 1, cbor(14)))
    session.send_item(1, Value("bytes", b"x" * 48), patience())
    assert [len(one.payload) for one in peer.heard()] == [50]


def test_a_closed_channel_needs_no_credit_any_more(peer: Peer) -> None:
    peer.session.account(1).ours_left = 0
    peer.say(frame("CHANNEL_CLOSE", 1))
    peer.session.send_item(1, Value("int", 1), patience())
    assert [one.name for one in peer.heard()] == ["CHANNEL_DATA"]


def test_a_large_item_is_sent_in_parts_as_the_receiver_announced(connect: Connect) -> None:
    announced = [["version", [1, 0]], ["credit", 65536]]
    peer = connect(payload=cbor({"t": "dict", "v": announced}))
    peer.session.send_item(1, Value("bytes", b"x" * 40_000), patience())
    parts = peer.heard()
    assert [one.name for one in parts] == ["CHANNEL_PART", "CHANNEL_PART", "CHANNEL_DATA"]
    assert [len(one.payload) for one in parts[:2]] == [16_384] * 2
    assert b"".join(one.payload for one in parts) == cbor({"t": "bytes", "fill": "78", "n": 40_000})


def test_frames_can_arrive_in_small_writes(peer: Peer) -> None:
    peer.session.send_split([frame("PING", 0, b"abc"), frame("PING", 0, b"def")], 5)
    assert [one.payload for one in peer.heard()] == [b"abc", b"def"]
    assert [entry[:2] for entry in peer.session.frames[-2:]] == [("sent", "PING")] * 2


def test_answers_wait_for_the_end_of_a_frame(peer: Peer) -> None:
    data = frame("PING", 0, b"abc").encode()
    peer.session.send_beginning(data[:4])
    peer.say(frame("PING", 0, b"theirs"))
    peer.session.send_rest(data[4:])
    assert [(one.name, one.payload) for one in peer.heard()] == [("PING", b"abc"), ("PONG", b"theirs")]


def test_a_worker_sends_its_preamble_once(connect: Connect) -> None:
    peer = connect("initiator", hello=False)
    peer.session.preamble_due = True
    peer.session.send_preamble()
    peer.session.say_hello()
    assert peer.heard_raw().startswith(PREAMBLE + b"\x08")
    assert not peer.session.preamble_due


def test_waiting_ends_with_the_stream(peer: Peer) -> None:
    peer.end()
    started = time.monotonic()
    assert not peer.session.wait(lambda: False, time.monotonic() + 10 * PATIENCE_S)
    assert time.monotonic() - started < PATIENCE_S


def test_the_end_is_told_with_what_is_known(peer: Peer) -> None:
    assert "the stream ended" in str(peer.session.gone("PONG was expected"))
    peer.say(farewell(2, "what is this?"))
    assert "FRAME_UNKNOWN_TYPE, 'what is this?'" in str(peer.session.gone("PONG was expected"))
    event = peer.session.goaway()
    assert event is not None
    assert describe_goaway(event) == "FRAME_UNKNOWN_TYPE, 'what is this?', last 0"


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x01", b"\xa0", b"\xa1\x01\x02", b"\xa1\x64code\x61x"])
def test_a_goaway_that_says_nothing_is_described_all_the_same(payload: bytes, peer: Peer) -> None:
    peer.say(frame("GOAWAY", 0, payload))
    event = peer.session.goaway()
    assert event is not None
    assert describe_goaway(event)
    assert "GOAWAY 0" in event.describe()
    assert rules(peer) == ["ER-001"]


def test_what_a_case_has_to_give_as_a_number() -> None:
    assert require_number(5, "n") == 5
    for wrong in (True, "5", 1.5, None):
        with pytest.raises(CaseError, match="expected a number"):
            require_number(wrong, "n")
