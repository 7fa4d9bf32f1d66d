"""One case after the other against workers of the zoo: outcomes, shared connections, running again alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from program_helpers import python, zoo
from xnet_conformance import testee as testees
from xnet_conformance.case import Case
from xnet_conformance.case_running import ConnectionRunner
from xnet_conformance.connecting import Workers

PING: tuple[dict[str, Any], ...] = ({"send": {"PING": {"hex": "61"}}}, {"expect": {"PONG": {"hex": "61"}}})
REFUSED: tuple[dict[str, Any], ...] = ({"send": {"TYPE_18": {}}}, {"goaway": "FRAME_UNKNOWN_TYPE"})
Run = Callable[..., ConnectionRunner]


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Run]:
    """Make runners of testees."""
    made = []

    def make(testee: testees.Testee, scale: float = 1.0) -> ConnectionRunner:
        made.append(ConnectionRunner(Workers(testee, str(tmp_path), scale)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def case(*steps: dict[str, Any], id_: str = "a.b", **fields: Any) -> Case:
    return Case(
        **{"id": id_, "layer": "wire.frames", "req": ("FR-020",), "steps": steps, "limit_s": 20.0, **fields}
    )


def test_cases_share_a_connection_until_one_needs_its_own(runner: Run) -> None:
    one = runner(zoo("good"))
    assert one.run(case(*PING)).outcome == "pass"
    shared = one._session
    assert one.run(case(*REFUSED, own=True), case(*PING)).outcome == "pass"
    assert one.run(case(*PING), case(*REFUSED, own=True)).outcome == "pass"
    assert one._session is shared
    assert one._connections._spare is not None  # for the one that is next
    result = one.run(case(*PING))
    assert [entry["what"] for entry in result.log if entry["way"] == "sent"] == [
        "PING 0 (1 bytes)",
        "PING 0 (4 bytes)",
    ]
    assert (result.remarks, result.stderr) == ([], "")


def test_what_a_case_left_open_is_closed_and_not_looked_at_later(runner: Run) -> None:
    one = runner(zoo("good"))
    assert one.run(case({"remember": {"c": {"t": "channel", "v": "new"}}}, *PING)).outcome == "pass"
    assert one._session is not None
    assert one._session.retired == {1}
    assert ("sent", "CHANNEL_CLOSE", 1, 0) in one._session.frames


@pytest.mark.parametrize(
    ("habit", "steps", "outcome", "words"),
    [
        (
            "good",
            [{"send": {"PING": {}}}, {"expect": {"PONG": {"hex": "61"}}}],
            "fail",
            "the payload differs",
        ),
        ("wrong-code", [*REFUSED], "fail", "FRAME_UNKNOWN_TYPE was expected"),
        ("hangs", [*PING], "timeout", "PONG did not come in time"),
        ("hello-only", [*PING], "crash", "the connection ended while PONG was expected; exit status 0"),
        ("dies-at-start", [*PING], "crash", "the testee did not start: the testee ended before its HELLO"),
        ("good", [{"no-step": 1}], "harness-error", "step 1: the step {'no-step': 1} must have"),
        (
            "good",
            [*PING, {"exec": {"ch": "a", "fixture": "none"}}],
            "untestable",
            "no fixture 'none'",
        ),
    ],
)
def test_each_end_of_a_case_has_its_outcome(
    habit: str, steps: list[dict[str, Any]], outcome: str, words: str, runner: Run
) -> None:
    limit = 0.2 if habit == "hangs" else 20.0
    result = runner(zoo(habit)).run(case(*steps, own=True, limit_s=limit))
    assert (result.outcome, words in result.message) == (outcome, True), result


def test_a_should_that_does_not_hold_is_no_failure(runner: Run) -> None:
    wrong: list[dict[str, Any]] = [{"send": {"PING": {}}}, {"expect": {"PONG": {"hex": "61"}}}]
    assert runner(zoo("good")).run(case(*wrong, level="SHOULD")).outcome == "nonstrict"


@pytest.mark.parametrize(
    ("level", "req", "outcome"),
    [("MUST", "VA-009", "nonstrict"), ("SHOULD", "FR-020", "fail"), ("MUST", "", "fail")],
)
@pytest.mark.parametrize(
    "wrong", [{"expect": {"PONG": {"hex": "61"}}}, {"expect": {"PONG": {"within": 0.01}}}]
)
def test_the_requirement_of_a_step_says_what_its_failure_is(
    level: str, req: str, outcome: str, wrong: dict[str, Any], runner: Run
) -> None:
    """A step that fails, and one that waits in vain."""
    ask: list[dict[str, Any]] = [{"send": {"PING": {}}}] if "hex" in str(wrong) else []
    found = runner(zoo("good")).run(case(*ask, {**wrong, "req": req}, level=level))
    assert (found.outcome, found.req) == (outcome if ask or outcome != "fail" else "timeout", req)


def test_a_rule_that_always_holds_fails_a_case_that_is_about_something_else(runner: Run) -> None:
    result = runner(zoo("says-ok-to-everything")).run(case({"send": {"PING": {}}}, {"no_step": 1}))
    assert result.outcome == "harness-error"
    result = runner(zoo("says-ok-to-everything")).run(case({"send": {"PING": {}}}, {"expect": {"PONG": {}}}))
    assert (result.outcome, result.check, result.req) == ("fail", "conduct", "FR-020")
    assert "answers no PING" in result.message


def test_who_fails_after_others_is_not_blamed_for_them(runner: Run, tmp_path: Path) -> None:
    """A worker that answers a PING wrongly once it has answered another, in its first process."""
    source = (Path(__file__).resolve().parents[1] / "testees" / "zoo" / "worker.py").read_text()
    marker = tmp_path / "been-here"
    habit = (
        f"payload if number < 3 or os.path.exists({str(marker)!r}) else open({str(marker)!r}, 'w') and b'?'"
    )
    program = tmp_path / "worker.py"
    program.write_text(source.replace('4 if habit == "wrong-ids" else 0, payload', f"0, {habit}"))
    one = runner(python(str(program), "good"))
    assert one.run(case(*PING, id_="first.one")).outcome == "pass"
    result = one.run(case(*PING, id_="second.one"))
    assert result.outcome == "fail"
    assert result.remarks[-1] == "it passes alone; earlier cases on this connection: first.one"


def test_standard_error_is_part_of_what_is_told(runner: Run) -> None:
    result = runner(zoo("dies-on-second")).run(case(*PING, *PING, own=True))
    assert result.outcome == "crash"
    assert "it cannot work like this" in result.stderr
    assert any("HELLO" in entry["what"] for entry in result.log)
