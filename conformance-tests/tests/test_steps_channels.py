"""Steps about ids of channels and about what must not come."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from runner_peer import NOT_LONG_S, Peer, cbor, item
from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.frames import Frame, frame

Connect = Callable[..., Peer]


def fails(peer: Peer, words: str, *steps: dict[str, Any]) -> None:
    with pytest.raises(CheckFailed, match=re.escape(words)):
        peer.run(*steps)


def test_ids_of_the_testee_have_its_parity_and_ascend(connect: Connect) -> None:
    peer = connect()
    peer.run({"remember": {"a": 2, "b": 4, "odd": 5}}, {"fresh": ["a", "b"]})
    fails(peer, "the testee's ids do not ascend", {"fresh": ["b", "a"]})
    fails(peer, "the testee's ids do not ascend", {"fresh": ["a", "a"]})
    fails(peer, "channel 5, which has the other side's parity", {"fresh": ["odd"]})
    with pytest.raises(CaseError, match="nothing is named 'c' yet"):
        peer.run({"fresh": ["c"]})
    initiator = connect("initiator")
    initiator.run({"remember": {"a": 1, "b": 3}}, {"fresh": ["a", "b"]})


@pytest.mark.parametrize(("role", "ours", "theirs"), [("worker", 1, 2**32 - 2), ("initiator", 2, 2**32 - 1)])
def test_an_id_can_be_named_that_nobody_has_opened(
    role: str, ours: int, theirs: int, connect: Connect
) -> None:
    peer = connect(role)
    scenario = peer.run({"unborn": {"ch": "a"}}, {"unborn": {"ch": "b", "of": "testee"}})
    assert peer.heard() == []
    assert (scenario.bindings["a"], scenario.bindings["b"]) == (ours, theirs)
    assert peer.session.conduct.unborn(ours)
    peer.run({"send": {"CHANNEL_OPEN": {"ch": "c"}}}, {"send": {"CHANNEL_CLOSE": {"ch": "a"}}})
    assert peer.heard() == [frame("CHANNEL_OPEN", ours + 2), frame("CHANNEL_CLOSE", ours)]
    assert not peer.session.conduct.unborn(ours)


def test_what_has_not_come_is_absent(peer: Peer) -> None:
    peer.say(item(1, 5))
    peer.run(
        {"remember": {"a": 1, "b": 3}},
        {"absent": {"ITEM": {"ch": "b"}}},
        {"absent": {"CHANNEL_CLOSE": {"ch": "a"}}},
    )
    fails(peer, "ITEM came on channel a", {"absent": {"ITEM": {"ch": "a"}}})


def test_what_has_never_come_stays_known_after_it_was_taken(peer: Peer) -> None:
    peer.say(item(1, 5))
    peer.run(
        {"expect": {"ITEM": {"ch": 1}}},
        {"never": {"PING": 0, "CHANNEL_CLOSE": 1}},
        {"absent": {"ITEM": {"ch": 1}}},
    )
    fails(peer, "CHANNEL_DATA came on channel 1", {"never": {"CHANNEL_DATA": 1}})


def test_items_in_any_order_match_each_once(peer: Peer) -> None:
    peer.say(item(1, 2), item(1, 1), item(1, "x"))
    peer.run({"unordered_items": {"ch": 1, "are": [1, {"any": "str"}, 2]}})
    peer.say(item(1, 1), item(1, 1))
    fails(peer, "something else came", {"unordered_items": {"ch": 1, "are": [1, 2]}})
    with pytest.raises(NoAnswer, match=r"one of \[1\] on channel 1 did not come"):
        peer.run({"unordered_items": {"ch": 1, "are": [1]}}, within=NOT_LONG_S)


def test_as_many_channels_are_opened_as_were_announced(connect: Connect) -> None:
    announced: list[Any] = [["version", [1, 0]], ["limits", {"t": "dict", "v": [["channels", 4500]]}]]
    peer = connect(payload=cbor({"t": "dict", "v": announced}))
    peer.run({"send": {"CHANNEL_OPEN": {"ch": "a"}}}, {"send": {"CHANNEL_OPEN": {"ch": "b"}}})
    peer.run({"send": {"CHANNEL_CLOSE": {"ch": "a"}}}, {"fill_channels": True})
    heard = peer.heard()
    assert [one.channel for one in heard if one.name == "CHANNEL_OPEN"] == list(range(1, 2 * 4501 + 1, 2))
    assert len(peer.session.conduct.ours_open) == 4500


@pytest.mark.parametrize(
    ("came", "good"),
    [
        (item(1, {"t": "bytes", "v": "0000"}), True),
        (item(1, {"t": "bytes", "v": "00"}), False),
        (item(1, "ab"), False),
        (item(1, {"t": "py2str", "v": "0000"}), False),
        (frame("CHANNEL_CLOSE", 1), False),
    ],
)
def test_items_of_one_size(came: Frame, good: bool, peer: Peer) -> None:
    peer.say(item(1, {"t": "bytes", "v": "0000"}), came)
    step = {"same_items": {"ch": 1, "count": 2, "size": 2}}
    if good:
        peer.run(step)
    else:
        fails(peer, "item 2 is different", step)


def test_items_of_one_size_from_python_2(connect: Connect) -> None:
    peer = connect(python2=True)
    peer.say(item(1, {"t": "py2str", "v": "0000"}))
    peer.run({"same_items": {"ch": 1, "count": 1, "size": 2}})


def test_a_large_item_is_sent_in_parts_of_a_size(peer: Peer) -> None:
    peer.run({"remember": {"a": 1}}, {"send_large": {"ch": "a", "size": 1000, "part": 400}})
    heard = peer.heard()
    assert [(one.name, len(one.payload)) for one in heard] == [
        ("CHANNEL_PART", 400), ("CHANNEL_PART", 400), ("CHANNEL_DATA", 203),
    ]  # fmt: skip
    assert b"".join(one.payload for one in heard) == cbor({"t": "bytes", "fill": "78", "n": 1000})


def test_the_largest_part_that_came(peer: Peer) -> None:
    fails(peer, "parts of a different size came", {"largest_part": {"ch": 1, "at_most": 10}})
    peer.say(frame("CHANNEL_PART", 1, b"x" * 5), frame("CHANNEL_PART", 1, b"x" * 7))
    peer.run({"largest_part": {"ch": 1, "at_most": 7}})
    fails(peer, "parts of a different size came", {"largest_part": {"ch": 1, "at_most": 6}})
