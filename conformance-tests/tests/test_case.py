"""One case of a file: what is read from it, and the sentence about each mistake."""

from __future__ import annotations

import re
from typing import Any

import pytest

from xnet_conformance.case import parse_case
from xnet_conformance.errors import CaseError

RIGHT: dict[str, Any] = {"id": "a.b", "req": ["FR-020", "CH-001"], "steps": [{"barrier": True}]}


def test_what_is_not_said_has_a_default() -> None:
    case = parse_case(RIGHT, "flow", "flow/a.yaml")
    assert (case.id, case.layer, case.req, case.source) == (
        "a.b",
        "flow",
        ("FR-020", "CH-001"),
        "flow/a.yaml",
    )
    assert (case.roles, case.needs, case.own, case.control) == (("worker",), (), False, None)
    assert (case.limit_s, case.since, case.until, case.timing) == (10.0, "1.0", None, False)
    assert case.level == "MUST"


def test_what_is_said_is_kept() -> None:
    case = parse_case(
        {
            **RIGHT, "title": "t", "roles": ["initiator", "adapter"], "needs": ["trace"], "own": True,
            "control": "c.c", "timing": True, "limit": 3, "since": 1.1, "until": "2.0", "notes": "n",
        },
        "flow",
        "f",
    )  # fmt: skip
    assert (case.title, case.roles, case.needs, case.own) == ("t", ("initiator", "adapter"), ("trace",), True)
    assert (case.control, case.timing, case.limit_s, case.since) == ("c.c", True, 3.0, "1.1")
    assert (case.until, case.notes) == ("2.0", "n")


def test_a_case_that_begins_in_its_own_way_has_its_own_connection() -> None:
    assert parse_case({**RIGHT, "start": {"hello": {}}}, "flow", "f").own
    assert not parse_case({**RIGHT, "start": {}, "own": False}, "flow", "f").own


def test_a_case_that_names_a_must_is_a_must() -> None:
    assert parse_case({**RIGHT, "req": ["VA-009"]}, "flow", "f").level == "SHOULD"
    assert parse_case({**RIGHT, "req": ["VA-009", "FR-020"]}, "flow", "f").level == "MUST"
    assert parse_case({**RIGHT, "req": ["FR-020", "VA-009"]}, "flow", "f").level == "MUST"
    with pytest.raises(CaseError, match="its level is MUST, by FR-020"):
        parse_case({**RIGHT, "req": ["VA-009", "FR-020"], "level": "SHOULD"}, "flow", "f")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("text", "f.yaml: a case is a map with an id"),
        ({"req": ["FR-020"]}, "f.yaml: a case is a map with an id"),
        ({**RIGHT, "id": 5}, "f.yaml: a case is a map with an id"),
        ({**RIGHT, "step": []}, "f.yaml: a.b: unknown keys ['step']"),
        ({**RIGHT, "req": []}, "req is a list with at least one requirement id"),
        ({**RIGHT, "req": "FR-020"}, "req is a list with at least one requirement id"),
        ({**RIGHT, "req": ["XX-1"]}, "the specification has no requirement XX-1"),
        ({**RIGHT, "roles": []}, "roles is [], expected one or more of worker, initiator, adapter, legacy"),
        ({**RIGHT, "roles": ["wizard"]}, "roles is ['wizard'], expected one or more of"),
        ({**RIGHT, "steps": []}, "steps is a list of maps, with at least one"),
        ({**RIGHT, "steps": ["barrier"]}, "steps is a list of maps, with at least one"),
        ({**RIGHT, "steps": [{}]}, "steps is a list of maps, with at least one"),
        ({**RIGHT, "title": True}, "the title is True; YAML needs it in quotes"),
        ({"id": "a.b"}, "req is a list"),
    ],
)
def test_a_mistake_is_told_with_file_and_case(raw: Any, words: str) -> None:
    with pytest.raises(CaseError, match=re.escape(words)):
        parse_case(raw, "flow", "f.yaml")


def test_a_folder_that_is_no_layer() -> None:
    with pytest.raises(CaseError, match="unknown layer 'flows'"):
        parse_case(RIGHT, "flows", "f.yaml")


def test_as_json_has_what_was_said_and_nothing_empty() -> None:
    shown = parse_case(RIGHT, "flow", "f.yaml").as_json()
    assert shown["steps"] == ({"barrier": True},)
    assert shown["limit_s"] == 10.0
    assert not {"title", "needs", "start", "own", "control", "until", "notes"} & set(shown)
