"""The smallest case that fails alike."""

from __future__ import annotations

from typing import Any

from program_helpers import zoo
from xnet_conformance.case import Case
from xnet_conformance.results import Result
from xnet_conformance.role_runners import make_runner
from xnet_conformance.shrinking import shrink

PING: tuple[dict[str, Any], ...] = ({"send": {"PING": {"hex": "61"}}}, {"expect": {"PONG": {"hex": "61"}}})


def failing(habit: str, folder: str, *steps: dict[str, Any]) -> Result:
    case = Case(id="a.a", layer="wire.frames", req=("FR-010",), steps=steps, own=True)
    runner = make_runner(zoo(habit), folder, 1.0)
    try:
        return runner.run(case)
    finally:
        runner.close()


def test_what_is_not_needed_is_left_out(tmp_path: Any) -> None:
    wrong: tuple[dict[str, Any], ...] = ({"send": {"TYPE_18": {}}}, {"goaway": "FRAME_UNKNOWN_TYPE"})
    failed = failing("wrong-code", str(tmp_path), *PING, *wrong, {"end": None})
    assert failed.outcome == "fail"
    found = shrink(zoo("wrong-code"), failed)
    assert found.case.steps == wrong
    assert (found.outcome, found.message) == (failed.outcome, failed.message)
    assert any("TYPE_18" in entry["what"] for entry in found.log)


def test_what_does_not_fail_again_stays_whole(tmp_path: Any) -> None:
    failed = failing(
        "wrong-code", str(tmp_path), *PING, {"send": {"TYPE_18": {}}}, {"goaway": "FRAME_UNKNOWN_TYPE"}
    )
    assert shrink(zoo("good"), failed) is failed
