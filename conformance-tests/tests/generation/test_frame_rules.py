"""Cases that follow from the table of frame types: each is what the table says."""

from __future__ import annotations

import pytest

from runner_peer import Peer
from xnet_conformance.case_files import check_together, is_negative, load_cases
from xnet_conformance.frame_notation import parse_frame
from xnet_conformance.generation.frame_rules import RIGHT, generate
from xnet_conformance.hello import read_hello
from xnet_conformance.specification import FRAME_TYPES, FrameType

CASES = {case.id: case for case in generate()}
PAYLOADS = {row.payload for row in FRAME_TYPES}


@pytest.mark.parametrize(
    "row", [row for row in FRAME_TYPES if row.name not in ("OUTPUT", "HELLO")], ids=lambda row: row.name
)
def test_a_type_is_refused_on_a_channel_that_it_is_not_for(row: FrameType) -> None:
    case = CASES.get(f"frames.channel.{row.name}")
    if row.channel == "any":
        assert case is None
        return
    assert case is not None
    (fields,) = case.steps[0]["send"].values()
    assert (fields["ch"] == 0) == (row.channel == "nonzero")
    assert case.steps[-1] == {"goaway": "STATE_VIOLATION"}


def test_each_payload_has_one_that_is_right(peer: Peer) -> None:
    assert set(RIGHT) >= PAYLOADS
    for payload, fields in RIGHT.items():
        name = "CHANNEL_CLOSE_ERROR" if payload == "channel-error" else "PING"
        one = parse_frame(peer.scenario(), {name: fields})
        if payload == "hello":
            read_hello(one.payload)
        assert bool(one.payload) == (payload != "empty")


def test_who_may_not_send_a_type_is_told_so() -> None:
    one_way = {
        row.name: row.direction for row in FRAME_TYPES if row.direction != "both" and row.name != "OUTPUT"
    }
    found = {id_.removeprefix("frames.role."): case for id_, case in CASES.items() if ".role." in id_}
    # To whom it may not be sent is who may send it.
    assert {name: case.roles for name, case in found.items()} == {
        name: (who,) for name, who in one_way.items()
    }
    assert all(case.steps[-1] == {"goaway": "ROLE_VIOLATION"} for case in found.values())


def test_what_is_refused_counts_only_with_a_control_that_is_there() -> None:
    check_together(load_cases())
    negative = [case for case in CASES.values() if is_negative(case)]
    assert len(negative) > 60
    assert all(case.own and case.control for case in negative)
    assert all(case.source.startswith("generated") for case in CASES.values())


def test_unknown_types_are_refused_and_ignorable_ones_are_not() -> None:
    names = {id_.rpartition(".")[2] for id_ in CASES if id_.startswith("frames.unknown.")}
    unknown = {int(name) for name in names if name.isdigit()}
    ignorable = {int(id_.rpartition(".")[2]) for id_ in CASES if id_.startswith("frames.ignorable.")}
    known = {row.code for row in FRAME_TYPES}
    assert not unknown & known
    # Those of a feature are unknown to who has not announced it.
    assert names == {str(code) for code in unknown} | {row.name for row in FRAME_TYPES if row.feature}
    assert CASES["frames.unknown.RECONFIGURE"].needs == ("no-python.strings",)
    assert {127, 192} <= unknown
    assert {128, 191} <= ignorable <= set(range(128, 192))
