"""Every row of the state tables that a peer can cause has a case."""

from __future__ import annotations

from xnet_conformance.generation.state_tables import generate
from xnet_conformance.specification import FRAME_TYPES, read_specification

CASES = {case.id: case for case in generate()}
#: What a peer causes by a frame; the others are what the testee's own application does.
CAUSED = {
    "RECV_ITEM": ("data", "part", "batch"),
    "RECV_LAST": ("last",),
    "RECV_CLOSE": ("close", "close-error"),
}


def test_each_row_of_a_receive_half_has_a_case_for_each_of_its_frames() -> None:
    rows = [
        row
        for row in read_specification()["machines"]["receive-half"]["transitions"]
        if row["input"] in CAUSED
    ]
    assert len(rows) >= 9
    for row in rows:
        for name in CAUSED[row["input"]]:
            case = CASES.pop(f"channel.receive-half.{row['state']}.{name}")
            assert case.req == (row["id"],)
            refused = {"goaway": row["error"]} if row.get("error") else None
            assert (case.steps[-1] == refused) == bool(refused)
            assert case.own == bool(refused)
            assert (case.control == f"channel.receive-half.open.{name}") == bool(refused)
    assert not [id_ for id_ in CASES if id_.startswith("channel.receive-half.")]


def test_each_frame_is_dropped_after_the_end() -> None:
    cases = {case.id: case for case in generate()}
    names = {row.name for row in FRAME_TYPES} - {"OUTPUT", "GATEWAY_TERMINATE"}
    assert {id_.removeprefix("group.ended.") for id_ in cases if id_.startswith("group.ended.")} == names
    for name in names:
        first, second = cases[f"group.ended.{name}"].steps[0]["raw"]["frames"]
        assert first == {"TYPE_18": {}}
        assert list(second) == [name]


def test_a_second_hello_is_refused_in_each_state() -> None:
    cases = [case for case in generate() if case.id.startswith("gateway.hello.second.")]
    assert {case.id.rpartition(".")[2] for case in cases} == {"running", "terminating"}
    assert all(case.steps[-1] == {"goaway": "STATE_VIOLATION"} for case in cases)
