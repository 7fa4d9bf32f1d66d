from __future__ import annotations

import threading

import pytest

from xnet.command_line.fleet import Fleet, Member, Timeout, parse_specs

PATIENCE_S = 200.0


def test_ids_go_by_place() -> None:
    assert [spec.id for spec in parse_specs(["popen", "popen//id=x", "popen"])] == ["gw0", "x", "gw2"]


def test_each_is_given_to_work_whether_it_is_there_or_not() -> None:
    seen: dict[str, str] = {}

    def work(member: Member) -> None:
        seen[member.name] = member.error or str(member.gateway is not None)

    with Fleet(["popen", "popen//python=/no/such", "popen//id=hop//via=gw0"]) as fleet:
        fleet.run(work)
        gateways = [member.gateway for member in fleet.members if member.gateway]
        assert len(gateways) == 2
    assert {name: words[:12] for name, words in seen.items()} == {
        "gw0": "True",
        "gw1": "cannot start",
        "hop": "True",
    }
    assert not any(gateway.hasreceiver() for gateway in gateways)


def test_what_work_raises_is_raised_here() -> None:
    def work(member: Member) -> None:
        raise ZeroDivisionError(member.name)

    with Fleet(["popen"]) as fleet, pytest.raises(ZeroDivisionError, match="gw0"):
        fleet.run(work)


def test_a_timeout_and_those_that_still_start_are_gone() -> None:
    done = threading.Event()
    with (
        Fleet(["command=sh -c 'sleep 600'"]) as fleet,
        pytest.raises(Timeout, match="it was not done within"),
    ):
        fleet.run(lambda member: done.set(), timeout_s=0.1)
    assert fleet.members[0].settled.wait(PATIENCE_S)
    assert fleet.members[0].gateway is None
