"""Each frame of a channel has a case for each state that its id can be in."""

from __future__ import annotations

from xnet_conformance.case_files import load_cases
from xnet_conformance.generation.channel_ids import OPENING, STATES, generate
from xnet_conformance.specification import FRAME_TYPES

CASES = {case.id.removeprefix("channel.ids."): case for case in generate()}
#: But for CHANNEL_CANCEL, which is about an execution: its cases are in gateway/cancelling.yaml.
OF_A_CHANNEL = {row.name for row in FRAME_TYPES if row.channel == "nonzero"} - {"CHANNEL_CANCEL"} | {
    "RECONFIGURE"
}


def test_all_frames_of_channels_are_there() -> None:
    assert {case.partition(".")[2] for case in CASES} == OF_A_CHANNEL
    assert set(OPENING) < OF_A_CHANNEL


def test_what_opens_is_refused_on_every_id_but_an_unborn_one() -> None:
    for name in OPENING:
        for state in STATES:
            case = CASES.get(f"{state}.{name}")
            assert (case is None) == (state == "unborn")
            if case is not None:
                refused = "ROLE_VIOLATION" if state.endswith("theirs") else "STATE_VIOLATION"
                assert case.steps[-1] == {"goaway": refused}
                assert case.req == ("CH-009",)
                assert ("initiator" in case.roles) == (name == "CHANNEL_OPEN")


def test_the_rest_is_refused_on_unborn_ids_and_dropped_on_those_that_are_gone() -> None:
    for name in OF_A_CHANNEL - set(OPENING):
        for state in ("unborn", "unborn-theirs"):
            case = CASES[f"{state}.{name}"]
            assert case.steps[-1] == {"goaway": "STATE_VIOLATION"}
            assert (case.req, case.control) == (("CH-016",), f"channel.ids.closed.{name}")
        for state in ("closed", "skipped"):
            case = CASES[f"{state}.{name}"]
            assert {"barrier": True} in case.steps
            assert "CH-061" in case.req
            assert case.roles == ("worker", "initiator")


def test_the_controls_are_cases_of_the_same_roles() -> None:
    all_cases = {case.id: case for case in load_cases()}
    for case in CASES.values():
        if case.control is not None:
            assert set(case.roles) <= set(all_cases[case.control].roles)
