"""Steps that use up what a testee has announced, and that do not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runner_peer import NOT_LONG_S, Peer, cbor, item
from xnet_conformance.accounts import cost_of
from xnet_conformance.errors import CaseError, NoAnswer
from xnet_conformance.frames import frame

Connect = Callable[..., Peer]

LIMITS = cbor(
    {
        "t": "dict",
        "v": [
            ["version", [1, 0]],
            ["credit", 65_537],
            ["limits", {"t": "dict", "v": [["frame", 65_536], ["depth", 70]]}],
        ],
    }
)


@pytest.mark.parametrize(
    ("fields", "cost"), [({}, 65_537), ({"beyond": 1}, 65_538), ({"leave": 35_000}, 30_537)]
)
def test_a_window_is_used_up_to_the_byte(fields: dict[str, int], cost: int, connect: Connect) -> None:
    peer = connect(payload=LIMITS)
    peer.run({"send": {"CHANNEL_OPEN": {"ch": "b"}}}, {"spend": {"ch": "b", **fields}})
    opening, *items = peer.heard()
    costs = [cost_of(one) for one in items]
    assert opening.name == "CHANNEL_OPEN"
    assert sum(costs) == cost
    assert max(costs) <= 30_000
    assert peer.session.account(1).ours_left == 65_537 - cost


def test_what_is_left_has_to_be_enough_for_an_item(peer: Peer) -> None:
    with pytest.raises(CaseError, match="the 399 bytes to be spent on channel b are too few for an item"):
        peer.run({"spend": {"ch": "b", "leave": 1_048_576 - 399}})


@pytest.mark.parametrize("beyond", [0, 1])
def test_limits_are_those_that_the_testee_announced(beyond: int, connect: Connect) -> None:
    peer = connect(payload=LIMITS)
    peer.run(
        {"send": {"CHANNEL_OPEN": {"ch": "b"}}},
        {"at_limit": {"limit": "depth", "ch": "b", "beyond": beyond}},
        {"at_limit": {"limit": "frame", "beyond": beyond}},
    )
    _, nested, long = peer.heard()
    assert nested.payload == b"\x81" * (69 + beyond) + b"\x80"
    assert (long.type, long.channel, len(long.payload)) == (150, 0, 65_536 + beyond)


@pytest.mark.parametrize(
    ("more", "kinds", "length"),
    [
        ({}, ["PART", "PART", "DATA"], 70_000),
        ({"beyond": 1}, ["PART", "PART", "DATA"], 70_001),
        ({"in": "DATA"}, ["DATA"], 70_000),
        ({"in": "BATCH"}, ["BATCH"], 70_001),
    ],
)
def test_an_item_as_long_as_the_testee_takes(
    more: dict[str, Any], kinds: list[str], length: int, connect: Connect
) -> None:
    limits = {"t": "dict", "v": [["item", 70_000]]}
    peer = connect(payload=cbor({"t": "dict", "v": [["version", [1, 0]], ["limits", limits]]}))
    peer.run({"send": {"CHANNEL_OPEN": {"ch": "b"}}}, {"at_limit": {"limit": "item", "ch": "b", **more}})
    _, *found = peer.heard()
    assert [one.name.removeprefix("CHANNEL_") for one in found] == kinds
    assert sum(len(one.payload) for one in found) == length


def test_other_limits_are_unknown(peer: Peer) -> None:
    with pytest.raises(CaseError, match="credit is not a limit that this step knows"):
        peer.run({"at_limit": {"limit": "credit"}})


def test_a_worker_takes_items_by_executed_code(peer: Peer) -> None:
    peer.run(
        {"send": {"CHANNEL_OPEN": {"ch": "b"}}},
        {"taking_channel": {"ch": "b", "by": "a", "count": 3}},
    )
    opening, request, reference = peer.heard()
    assert (opening.channel, request.name, request.channel) == (1, "CHANNEL_EXEC", 3)
    assert reference == item(3, {"t": "channel", "v": "1"})
    with pytest.raises(NoAnswer):
        peer.run({"has_taken": {"by": "a"}}, within=NOT_LONG_S)
    peer.say(item(3, "taken"))
    peer.run({"has_taken": {"by": "a"}})


def test_what_is_not_read_stays_in_the_stream(peer: Peer) -> None:
    peer.run({"reading": False})
    peer.socket.sendall(frame("PONG", 0, b"x").encode())
    never: Any = {"expect": {"PONG": {"hex": "78"}}}
    with pytest.raises(NoAnswer):
        peer.run(never, within=NOT_LONG_S)
    peer.run({"reading": True}, {"expect": {"PONG": {"hex": "78"}}})


def test_what_the_testee_has_not_taken_is_waited_for(peer: Peer) -> None:
    peer.run({"send": {"CHANNEL_OPEN": {"ch": "b"}}}, {"written": True}, {"spend": {"ch": "b"}})
    with pytest.raises(NoAnswer, match="the testee does not read: it has left"):
        peer.run({"written": True}, within=NOT_LONG_S)
    peer.serve(lambda one: [])
    peer.run({"written": True})
