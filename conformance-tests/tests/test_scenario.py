"""Names of channels, and how steps are found and run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from runner_peer import Peer
from xnet_conformance.errors import CaseError, CheckFailed
from xnet_conformance.scenario import STEPS, parse_step
from xnet_conformance.values import Value, parse_value

Connect = Callable[..., Peer]


def test_a_new_name_gets_a_fresh_id_and_keeps_it(peer: Peer) -> None:
    scenario = peer.scenario()
    assert [scenario.channel(name) for name in ("a", "b", "a", 7)] == [1, 3, 1, 7]
    assert scenario.known("b") == 3
    assert scenario.value([{"t": "channel", "v": "c"}]) == Value("list", (Value("channel", 5),))


def test_a_name_can_be_of_its_turn(peer: Peer) -> None:
    scenario = peer.scenario()
    assert scenario.channel("c-$turn") == 1
    scenario.bindings["i"] = 1
    assert scenario.channel("c-$turn") == 3
    assert scenario.known("c-turn-0") == 1


@pytest.mark.parametrize("name", [True, None, 1.5, ["a"]])
def test_what_is_no_name_of_a_channel(name: Any, peer: Peer) -> None:
    with pytest.raises(CaseError, match="a channel is a name or a number"):
        peer.scenario().channel(name)


def test_a_name_that_nobody_has_given(peer: Peer) -> None:
    with pytest.raises(CaseError, match="nothing is named 'x' yet"):
        peer.scenario().known("x")


def test_a_str_of_python_2_is_text_or_bytes_there_and_nowhere_else(connect: Connect) -> None:
    came = parse_value([{"t": "py2str", "v": "61"}])
    assert connect(python2=True).scenario().mismatch(["a"], came) is None
    assert connect(python2=True).scenario().mismatch([{"t": "py2str", "v": "61"}], came) is None
    assert connect().scenario().mismatch(["a"], came)


def test_a_deadline_of_a_step_is_no_later_than_that_of_the_case(peer: Peer) -> None:
    scenario = peer.scenario()
    assert scenario.soon() == scenario.deadline
    assert scenario.soon(1000) == scenario.deadline
    assert scenario.soon(0) < scenario.deadline


@pytest.mark.parametrize(("scale", "allowed"), [(0.1, 2), (1, 2), (30, 60)])
def test_a_step_has_longer_on_a_slow_machine_and_never_less_than_its_case_says(
    scale: float, allowed: float, peer: Peer
) -> None:
    scenario = peer.scenario()
    scenario.scale = scale
    assert scenario.allowed(2) == allowed
    before = time.monotonic()
    assert before + allowed <= scenario.soon(2) <= time.monotonic() + allowed


@pytest.mark.parametrize(
    "raw", [{}, {"check": "a"}, {"no_such_step": 1}, {"send": "PING", "expect": {"PING": {}}}]
)
def test_a_step_has_exactly_one_name(raw: dict[str, Any]) -> None:
    with pytest.raises(CaseError, match=r"must have exactly one of these names: .*barrier"):
        parse_step(raw)


def test_every_step_says_what_it_does() -> None:
    assert {name for name, function in STEPS.items() if not function.__doc__} == set()
    assert parse_step({"send": "PING", "check": "c", "req": "FR-020", "note": "n"}) == ("send", "PING")


@pytest.mark.parametrize(
    "step",
    [
        {"expect": {"ITEM": {"is": 1, "ch": []}}},
        {"items": {"ch": 1}},
        {"send": {"PING": 5}},
        {"send": {"NO_SUCH_TYPE": {}}},
        {"return_credit": 5},
        {"fresh": None},
        {"raw": {"hex": "zz"}},
        {"send": {"CHANNEL_DATA": {"ch": 1, "item": {"t": "int", "v": "x"}}}},
        {"send": {"PING": {"zeros": "many"}}},
        {"credit": {}, "check": "c", "meanwhile": 1},
    ],
)
def test_a_step_that_is_wrong_is_a_mistake_of_the_case_and_of_nobody_else(
    step: dict[str, Any], peer: Peer
) -> None:
    with pytest.raises(CaseError):
        peer.run(step)


def test_a_failure_has_the_name_and_the_rule_of_its_step_unless_it_knows_better(peer: Peer) -> None:
    extras = {"check": "mine", "req": "FC-003"}
    with pytest.raises(CheckFailed, match=re.escape("channel 5")) as caught:
        peer.run({"remember": {"a": 5}}, {"fresh": ["a"], **extras})
    assert (caught.value.check, caught.value.req) == ("mine", "CH-001")
    with pytest.raises(CheckFailed) as caught:
        peer.run({"elapsed": {"at_least": 1000}, **extras})
    assert (caught.value.check, caught.value.req) == ("mine", "FC-003")
    assert peer.scenario().step_number == 0
