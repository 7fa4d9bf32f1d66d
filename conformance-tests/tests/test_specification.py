"""The specification as the suite has it."""

from __future__ import annotations

from xnet_conformance.specification import (
    ERROR_CODES,
    FRAME_CODES,
    FRAME_NAMES,
    FRAME_TYPES,
    TYPES_BY_CODE,
    VERSION,
    error_name,
    read_specification,
    requirements,
)


def test_frames_and_errors_have_names_and_numbers() -> None:
    assert (FRAME_CODES["PING"], FRAME_NAMES[11], TYPES_BY_CODE[11].name) == (11, "PING", "PING")
    assert len(FRAME_TYPES) == len(FRAME_CODES) == len(FRAME_NAMES) > 16
    assert error_name(ERROR_CODES["FRAME_TOO_LARGE"]) == "FRAME_TOO_LARGE"
    assert error_name(4711) == "code 4711"


def test_requirements_have_what_a_report_shows() -> None:
    row = requirements()["FR-001"]
    assert (row.level, row.since, row.file) == ("MUST", "1.0", "20-frames.md")
    assert row.text
    wrong = [
        one.id
        for one in requirements().values()
        if not one.text or not one.roles or one.level.split()[0] not in ("MUST", "SHOULD", "MAY")
    ]
    assert wrong == []


def test_each_table_that_cases_are_generated_from_is_there() -> None:
    loaded = read_specification()
    assert set(loaded["machines"]) >= {"receive-half", "connection"}
    assert {row["name"] for row in loaded["limits"]} >= {"frame", "item", "depth", "channels"}
    assert loaded["examples"]["reject"]
    assert VERSION.split(".")[0] == "1"
    assert read_specification() is loaded
