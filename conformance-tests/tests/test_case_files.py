"""All cases together: what a mistake in a file of cases would break without anybody seeing it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from xnet_conformance.case import Case, parse_case
from xnet_conformance.case_files import check_together, is_negative, load_cases, select
from xnet_conformance.case_running import STEP_MODULES
from xnet_conformance.errors import CaseError, UsageError
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.scenario import parse_step
from xnet_conformance.specification import FRAME_TYPES, SUITE
from xnet_conformance.steps_rsync import RECEIVER

CASES = load_cases()
BY_ID = {case.id: case for case in CASES}


def steps_of(raw: Any) -> list[dict[str, Any]]:
    """Return the steps of a case, those inside of other steps included."""
    found = []
    for step in raw:
        found.append(step)
        for argument in step.values():
            if isinstance(argument, dict) and isinstance(argument.get("steps"), list):
                found += steps_of(argument["steps"])
    return found


def case(id_: str, **fields: Any) -> Case:
    raw = {"id": id_, "req": ["FR-020"], "steps": [{"barrier": True}], **fields}
    return parse_case(raw, "wire.frames", "a.yaml")


def test_every_layer_has_cases_but_those_that_are_not_written_yet() -> None:
    assert {case.layer for case in CASES} >= {
        "wire.frames", "wire.values", "channel", "flow", "gateway", "group", "trace"
    }  # fmt: skip


def test_the_steps_of_each_case_are_known() -> None:
    assert STEP_MODULES
    for case in CASES:
        for step in steps_of(case.steps):
            parse_step(step)


def test_what_belongs_to_a_feature_is_sent_to_who_has_announced_it() -> None:
    features = {row.name: row.feature for row in FRAME_TYPES if row.feature}
    assert features
    for case in CASES:
        for step in steps_of(case.steps) if "legacy" not in case.roles else ():
            for what in ("send", "raw"):
                named = {feature for name, feature in features.items() if name in str(step.get(what))}
                assert named <= set(case.needs), case.id


def test_ids_are_words_with_dots_between() -> None:
    pattern = re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9_-]+)+")
    assert [case.id for case in CASES if not pattern.fullmatch(case.id)] == []


def test_a_control_expects_no_error_itself() -> None:
    controls = {case.id: BY_ID[case.control] for case in CASES if case.control}
    assert {id_: control.id for id_, control in controls.items() if is_negative(control)} == {}


FIXTURES = sorted(
    {
        step["exec"][key]
        for case in CASES
        for step in steps_of(case.steps)
        for key in ("fixture", "alone")
        if key in step.get("exec", {})
    }
    - {RECEIVER}  # what a testee's own implementation of syncs brings
)


@pytest.mark.parametrize("language", ["python", "javascript"])
@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_is_there_for_each_language(language: str, name: str) -> None:
    if (language, name) in {("python", "alike"), ("javascript", "catches")}:
        return  # no dict of Python has both; JavaScript's code is ended by an interrupt
    assert Fixtures(language).source(name)


def test_a_fixture_that_no_case_uses_is_not_kept() -> None:
    folder = SUITE / "fixtures" / "python"
    used = {path.stem for path in folder.glob("*.py")} - set(FIXTURES)
    text = "".join(path.read_text() for path in folder.parents[1].rglob("*.yaml"))
    text += "".join(path.read_text() for path in folder.parents[2].rglob("*.py"))
    assert {name for name in used if f"{name}" not in text} == set()


def test_cases_for_every_language_have_no_source_of_one() -> None:
    """What is no source is refused by everybody; what is to do something is a fixture."""
    found = {
        case.id
        for case in CASES
        if "worker" in case.roles and not any(need.startswith("exec.") for need in case.needs)
        for step in steps_of(case.steps)
        if str(step.get("exec", {}).get("source", "")).strip() and "fill" not in str(step["exec"]["source"])
    }
    assert found == {"gateway.exec.syntax-error"}


def test_ids_are_unique() -> None:
    with pytest.raises(CaseError, match=r"the id a\.b is used in a\.yaml too"):
        check_together([case("a.b"), case("a.b")])


def test_a_case_that_expects_an_error_needs_a_control_that_exists() -> None:
    with pytest.raises(CaseError, match="names no control"):
        check_together([case("a.b", steps=[{"goaway": "FRAME_UNKNOWN_TYPE"}])])
    with pytest.raises(CaseError, match="does not exist"):
        check_together([case("a.b", control="a.c")])
    with pytest.raises(CaseError, match="is not for worker"):
        check_together([case("a.b", control="a.c"), case("a.c", roles=["initiator"])])


def test_cases_are_chosen_by_pattern_requirement_and_layer() -> None:
    assert [case.id for case in select(CASES, ["frames.ping.ec*"])] == ["frames.ping.echo"]
    assert "frames.ping.echo" in {case.id for case in select(CASES, ["FR-020"])}
    assert {case.layer for case in select(CASES, layers=["wire"])} == {"wire.frames", "wire.values"}


def test_what_does_not_exist_cannot_be_chosen() -> None:
    with pytest.raises(UsageError, match="no case matches"):
        select(CASES, ["frames.pong.echo"])
    with pytest.raises(UsageError, match="unknown layer"):
        select(CASES, layers=["wires"])


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: 1", "must be a list"), ("[", "is not YAML"), ("- 1", "is a map with an id")],
)
def test_a_file_that_is_none_names_itself(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "broken.yaml").write_text(text)
    with pytest.raises(CaseError, match=rf"flow/broken\.yaml.*{words}"):
        load_cases(tmp_path)
