"""A case in which an expectation was changed must fail: some here, all by ``tools/alter_cases.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xnet_conformance.case import Case
from xnet_conformance.case_files import load_cases
from xnet_conformance.mutation.case_changes import altered_cases

ROOT = Path(__file__).resolve().parents[2]


def altered(step: dict[str, Any]) -> list[dict[str, Any]]:
    case = Case(id="a.b", layer="flow", req=("FC-001",), steps=({"barrier": True}, step))
    changed = [other.steps for other in altered_cases(case)]
    assert all(steps[0] == {"barrier": True} and len(steps) == 2 for steps in changed)
    return [dict(steps[1]) for steps in changed]


def test_a_code_and_its_text_are_changed() -> None:
    first, second = altered({"goaway": {"code": "NO_ERROR", "or": ["X"], "text": {"contains": "a"}}})
    assert first == {"goaway": {"code": "INTERNAL_ERROR", "or": [], "text": {"contains": "a"}}}
    assert second["goaway"]["text"]["contains"] != ["a"]
    assert altered({"goaway": "INTERNAL_ERROR"}) == [{"goaway": {"code": "NO_ERROR", "or": []}}]


def test_the_name_of_a_frame_and_its_value_are_changed() -> None:
    first, second = altered({"expect": {"ITEM": {"ch": "a", "is": 5}}})
    assert first == {"expect": {"CHANNEL_LAST_MESSAGE": {"ch": "a"}}}
    assert second["expect"]["ITEM"]["ch"] == "a"
    assert second["expect"]["ITEM"]["is"] != 5


def test_each_part_of_a_pattern_is_changed_alone() -> None:
    pattern = {"has": {"x": {"at_least": 1}, "y": {"items": [{"any": "int"}, {"bind": "b"}]}}}
    changed = [
        step["expect"]["ITEM"]["is"]["has"] for step in altered({"expect": {"ITEM": {"is": pattern}}})[1:]
    ]
    assert {"x": {"at_least": 1 << 62}, "y": pattern["has"]["y"]} in changed
    assert {"x": {"at_least": 1}, "y": {"items": [{"any": "complex"}, {"bind": "b"}]}} in changed
    assert len(changed) == 4


def test_what_comes_back_and_exit_statuses_are_changed() -> None:
    assert altered({"exit": {"status": 0}}) == [{"exit": {"status": 1}}]
    assert len(altered({"echoed": {"ch": "a", "is": 1}})) == 1
    assert altered({"send": {"PING": {"hex": "01"}}}) == []


def test_what_a_sync_has_to_leave_is_changed() -> None:
    assert altered({"tree": {"a": {"text": "x"}, "b": None, "unfinished": True}}) == [
        {"tree": {"a": None}},
        {"tree": {"b": {"dir": True, "mode": 0}}},
    ]
    assert altered({"rsync_got": {"ch": "r", "entries": [1]}})[0]["rsync_got"]["entries"] != [1]
    assert altered({"rsync_finish": {"ch": "r"}})[0]["rsync_finish"]["removed"]


def test_what_an_application_has_to_get_is_changed() -> None:
    error, value = altered({"answer": {"as": "x", "value": 5}})
    assert error["answer"].keys() == {"as", "error"}
    assert value["answer"]["value"] != 5
    assert len(altered({"answer": {"as": "x", "error": "words"}})) == 1
    assert altered({"answer": {"as": "x", "either": True}}) == []
    assert altered({"expect_reconfigure": [False, True]}) == [{"expect_reconfigure": [True, False]}]


def test_nearly_every_case_has_something_to_change() -> None:
    cases = [case for case in load_cases() if case.layer in ("wire.values", "gateway", "channel")]
    changeable = [case for case in cases if any(True for _ in altered_cases(case))]
    assert len(changeable) > 0.7 * len(cases)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_changed_cases_fail() -> None:
    command = [sys.executable, str(ROOT / "tools" / "alter_cases.py"), str(ROOT / "testees/bare/this.yaml")]
    done = subprocess.run(
        [*command, "--every", "60"], capture_output=True, text=True, check=False, timeout=1000
    )
    assert done.returncode == 0, done.stdout + done.stderr
