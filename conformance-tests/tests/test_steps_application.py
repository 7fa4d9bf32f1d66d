"""Steps that ask something of whatever uses the testee."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner_peer import NOT_LONG_S, Peer, cbor, item
from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.frames import frame

Connect = Callable[..., Peer]


def test_a_worker_makes_channels_by_executed_code(peer: Peer) -> None:
    peer.run({"echo_channel": "a"})
    (one,) = peer.heard()
    assert (one.name, one.channel) == ("CHANNEL_EXEC", 1)
    assert b"channel" in one.payload
    peer.say(item(3, {"t": "channel", "v": "8"}))
    scenario = peer.run({"kept_channel": {"by": "b", "ch": "k"}})
    assert [one.channel for one in peer.heard()] == [3]
    assert scenario.bindings["k"] == 8


def test_what_holds_a_channel_has_to_say_which(peer: Peer) -> None:
    peer.say(item(1, "no channel"))
    with pytest.raises(CheckFailed):
        peer.run({"kept_channel": {"by": "b", "ch": "k"}})


def test_a_codec_is_for_adapters_alone(peer: Peer) -> None:
    peer.run({"codec": {"hex": "01", "is": 1}})
    assert peer.heard() == []


def test_the_flags_of_the_gateway(peer: Peer) -> None:
    with pytest.raises(NoAnswer, match="RECONFIGURE did not come"):
        peer.run({"expect_reconfigure": [True, False]}, within=NOT_LONG_S)
    peer.say(frame("RECONFIGURE", 0, cbor([True, False])))
    peer.run({"expect_reconfigure": [True, False]})
    with pytest.raises(CheckFailed, match="different flags came") as caught:
        peer.run({"expect_reconfigure": [False, False]})
    assert (caught.value.expected, caught.value.actual) == ("[False, False]", "[True, False]")


@pytest.mark.parametrize("step", [{"application": {"do": "status"}}, {"answer": {"as": "x"}}])
def test_only_an_initiator_has_an_application(step: dict[str, object], peer: Peer) -> None:
    with pytest.raises(CaseError, match="only an initiator has an application"):
        peer.run(step)
