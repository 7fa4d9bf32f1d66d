"""An id is tested where a test names it; else it needs a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

import coverage_checks


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tests = tmp_path / "packages/some/tests/deep"
    tests.mkdir(parents=True)
    (tests / "test_it.py").write_text('"""Spec: CH-001."""\n', encoding="utf-8")
    (tmp_path / "protocol-spec/schema").mkdir(parents=True)
    return tmp_path


def test_an_id_without_test_and_reason_is_a_problem(root: Path) -> None:
    problems = coverage_checks.find_problems(["CH-001", "CH-002"], root / "protocol-spec", root)
    assert len(problems) == 1
    assert problems[0].startswith("CH-002 is named by no test")


def test_a_plain_reason_may_stay_when_a_test_comes(root: Path) -> None:
    spec = root / "protocol-spec"
    (spec / coverage_checks.UNTESTED_FILE).write_text('CH-001: "no case yet"\n', encoding="utf-8")
    assert coverage_checks.find_problems(["CH-001"], spec, root) == []


def test_a_reason_that_is_not_needed_is_a_problem(root: Path) -> None:
    spec = root / "protocol-spec"
    (spec / coverage_checks.UNTESTED_FILE).write_text('CH-001: "why not"\n', encoding="utf-8")
    problems = coverage_checks.find_problems(["CH-001"], spec, root)
    assert "CH-001 is tested by packages/some/tests/deep/test_it.py" in problems[0]


def test_an_empty_reason_is_none(root: Path) -> None:
    spec = root / "protocol-spec"
    (spec / coverage_checks.UNTESTED_FILE).write_text('CH-002: " "\n', encoding="utf-8")
    assert "CH-002 is named by no test" in coverage_checks.find_problems(["CH-001", "CH-002"], spec, root)[0]


def test_a_test_that_names_an_id_that_does_not_exist_is_a_problem(root: Path) -> None:
    problems = coverage_checks.find_problems([], root / "protocol-spec", root)
    assert problems == ["packages/some/tests/deep/test_it.py names CH-001, which does not exist"]


def test_writing_keeps_reasons_adds_new_ids_and_drops_tested_ones(root: Path) -> None:
    spec = root / "protocol-spec"
    (spec / coverage_checks.UNTESTED_FILE).write_text('CH-001: "a"\nCH-002: "b"\n', encoding="utf-8")
    ids = ["CH-001", "CH-002", "CH-003"]
    coverage_checks.write_reasons(ids, spec, root)
    assert coverage_checks.read_reasons(spec) == {"CH-002": "b", "CH-003": "no case yet"}
    assert coverage_checks.find_problems(ids, spec, root) == []
    assert coverage_checks.format_coverage(ids, spec, root).splitlines() == [
        "CH-001  packages/some/tests/deep/test_it.py",
        "CH-002  untested: b",
        "CH-003  untested: no case yet",
    ]


def test_an_id_in_the_name_of_a_test_counts(root: Path) -> None:
    tests = root / "packages" / "some" / "tests" / "test_names.py"
    tests.write_text("def test_gw_011_closing() -> None: ...\nfr_0211 = 1\nfr_02 = 2\n", encoding="utf-8")
    assert set(coverage_checks.find_tests(root)) == {"CH-001", "GW-011"}
