"""What was found of several testees, as data and as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from report_helpers import report
from xnet_conformance.errors import UsageError
from xnet_conformance.matrix import Column, column, markdown, read_matrix, write_matrix


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    one = report("pass", "fail", "unsupported", "nonstrict")
    columns = [
        column(one.testee, one.profile, one.results, one.seconds),
        Column("gone", "worker", "1.0-worker", problem="did not start: no such program"),
    ]
    path = tmp_path / "matrix.json"
    with pytest.raises(UsageError, match="not a matrix"):
        read_matrix(tmp_path / "none.json")
    path.write_text(write_matrix(columns[1:]), encoding="utf-8")
    assert read_matrix(path) == columns[1:]
    assert columns[0].found(one.results[1].case.id) == "fail"
    assert columns[0].found("no.such.case") is None


def test_what_is_no_matrix_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for text in ("", "[]", "{}", '{"format": 2, "testees": []}', '{"format": 1, "testees": [{"name": 1}]}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=r"not a matrix|has the format 2"):
            read_matrix(path)


def test_cells_count_only_evidence() -> None:
    some = {"a": "pass", "b": "unsupported", "c": "nonstrict", "d": "timeout"}
    one = Column("x", "worker", "p", outcomes={"channel": some, "flow": {"e": "unsupported"}})
    assert one.cell("channel") == "1 of 3, 1 bad"
    assert one.cell("flow") == one.cell("trace") == "not evaluated"
    table = markdown([one, Column("y", "worker", "p", problem="did not start")])
    assert "| x | p |" in table
    assert table.splitlines()[-1].count("did not start") == 8
