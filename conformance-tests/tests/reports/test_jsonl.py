"""The master report: everything is in it, one line for each case."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from report_helpers import HOSTILE, report
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import UsageError
from xnet_conformance.reports import FORMATS, jsonl, write_reports
from xnet_conformance.reports.jsonl import read_jsonl, rows, write_jsonl
from xnet_conformance.results import OUTCOMES


def test_header_cases_and_footer() -> None:
    one = report(*OUTCOMES)
    header, *cases, footer = [json.loads(line) for line in write_jsonl(one).splitlines()]
    assert (header["kind"], header["role"], header["profile"]) == ("header", "worker", "1.0-worker")
    assert [(row["id"], row["outcome"]) for row in cases] == [(r.case.id, r.outcome) for r in one.results]
    assert footer["counts"] == dict.fromkeys(OUTCOMES, 1)
    assert (footer["exit"], footer["seconds"]) == (3, 12.5)
    assert header == rows(one)[0]


def test_nothing_of_what_a_testee_said_is_lost(tmp_path: Path) -> None:
    (path,) = write_reports(report("fail"), ["json"], tmp_path / "new" / "folder")
    assert path.name == "results.jsonl"
    case = json.loads(path.read_text(encoding="utf-8").splitlines()[1])
    # A lone surrogate has no UTF-8: it is written as text.
    shown = HOSTILE.encode("utf-8", "backslashreplace").decode()
    assert case["message"] in (HOSTILE, shown)
    assert len(case["log"]) == 30


def test_what_is_empty_is_left_out() -> None:
    one = report("pass")
    one.results[0].message = one.results[0].stderr = ""
    one.results[0].log = []
    row = rows(one)[1]
    assert not {"message", "stderr", "log", "broken"} & set(row)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    one = report(*OUTCOMES)
    (path,) = write_reports(one, ["json"], tmp_path)
    found = read_jsonl(path, load_cases())
    assert found.results == one.results
    assert (found.profile, found.seconds) == (one.profile, one.seconds)
    assert found.testee == one.testee
    for name, (_, write) in FORMATS.items():
        assert write(found) == write(one), name


def test_a_case_that_this_version_has_not_is_shown_all_the_same(tmp_path: Path) -> None:
    (path,) = write_reports(report("pass", "fail"), ["json"], tmp_path)
    found = read_jsonl(path, load_cases()[1:])
    assert found.results[0].case.source == "a case that this version does not have"
    assert (found.results[0].case.id, found.results[0].outcome) == (load_cases()[0].id, "pass")
    for name, (_, write) in FORMATS.items():
        assert name == "badge" or load_cases()[0].id in write(found)


HEADER = {
    "kind": "header",
    "testee": "t",
    "command": "c",
    "role": "worker",
    "stdio": "pipes",
    "profile": "1.0-worker",
}
CASE = {"kind": "case", "id": "frames.ping.echo", "outcome": "pass", "ms": 1.5}
FOOTER = {"kind": "footer", "counts": {"pass": 1}, "seconds": 1.0}
ENTRY = {"ms": 1, "way": "sent", "what": "PING", "hex": "00", "bytes": 1}


def written(folder: Path, *rows: object) -> Path:
    path = folder / "results.jsonl"
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def test_a_small_file_is_read(tmp_path: Path) -> None:
    found = read_jsonl(written(tmp_path, HEADER, {**CASE, "log": [ENTRY]}, FOOTER), load_cases())
    assert (found.results[0].seconds, found.results[0].log) == (0.0015, [ENTRY])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "does not begin with the header of a run"),
        ([CASE, FOOTER], "does not begin with the header of a run"),
        ([HEADER], "does not end with the footer of a run: part of it is missing"),
        ([HEADER, CASE], "does not end with the footer of a run: part of it is missing"),
        ([HEADER, json.dumps(CASE)[:20]], 'line 2 is not a JSON object: b\'{"kind": "case"'),
        ([HEADER, "\n", FOOTER], r"line 2 is not a JSON object: b'\n'"),
        ([HEADER, [CASE], FOOTER], "line 2 is not a JSON object"),
        ([HEADER, "[" * 100_000 + "\n", FOOTER], "line 2 is not a JSON object"),
        ([HEADER, HEADER, FOOTER], "line 2: a line of the kind 'header' among the cases"),
        ([HEADER, {**CASE, "kind": [1]}, FOOTER], "line 2: a line of the kind [1] among the cases"),
        ([HEADER, {**CASE, "outcome": "good"}, FOOTER], "line 2: unknown outcome 'good'"),
        ([HEADER, {**CASE, "outcome": []}, FOOTER], "line 2: outcome is [], expected text"),
        ([HEADER, {**CASE, "ms": "1"}, FOOTER], "line 2: ms is '1', expected a number"),
        ([HEADER, {**CASE, "ms": float("nan")}, FOOTER], "line 2: ms is nan, expected a number"),
        ([HEADER, {**CASE, "ms": True}, FOOTER], "line 2: ms is True, expected a number"),
        ([HEADER, {**CASE, "ms": 10**400}, FOOTER], "line 2: ms is 1000"),
        ([HEADER, {**CASE, "message": 5}, FOOTER], "line 2: message is 5, expected text"),
        ([HEADER, {**CASE, "remarks": [5]}, FOOTER], "line 2: the remarks are not texts"),
        ([HEADER, {**CASE, "log": [5]}, FOOTER], "line 2: an entry of the log has not"),
        ([HEADER, {**CASE, "log": [{**ENTRY, "hex": 5}]}, FOOTER], "line 2: hex is 5, expected text"),
        ([HEADER, {**CASE, "log": [{**ENTRY, "bytes": 0.5}]}, FOOTER], "bytes is 0.5, expected an integer"),
        ([HEADER, {**CASE, "id": "no.such", "layer": "cellar"}, FOOTER], "line 2: a case has"),
        (
            [HEADER, {**CASE, "id": "no.such", "layer": "flow", "req": [5]}, FOOTER],
            "line 2: a case has an id",
        ),
        ([HEADER, CASE, CASE, FOOTER], "line 3: the case frames.ping.echo occurs twice"),
        ([HEADER, FOOTER], "line 2: the footer's counts of outcomes differ from the lines of cases"),
        ([HEADER, CASE, {**FOOTER, "counts": 1}], "line 3: counts is 1, expected a map"),
        ([HEADER, CASE, {**FOOTER, "seconds": None}], "line 3: seconds is None, expected a number"),
        ([{**HEADER, "role": "wizard"}, CASE, FOOTER], "line 1: the role is 'wizard'"),
        ([{**HEADER, "testee": None}, CASE, FOOTER], "line 1: testee is None, expected text"),
        ([{**HEADER, "profile": "../secret"}, CASE, FOOTER], "unknown profile '../secret'; profiles are"),
    ],
)
def test_what_is_no_run_gets_a_sentence(rows: list[object], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        read_jsonl(written(tmp_path, *rows), load_cases())


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        read_jsonl(tmp_path / "nothing", [])
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_jsonl(tmp_path, [])
    (tmp_path / "binary").write_bytes(b"\xff\xfe\n")
    with pytest.raises(UsageError, match="line 1 is not a JSON object"):
        read_jsonl(tmp_path / "binary", [])


def test_more_lines_than_a_run_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "_MOST_LINES", 2)
    with pytest.raises(UsageError, match="has more than 2 lines, more than any run writes"):
        read_jsonl(written(tmp_path, HEADER, CASE, FOOTER), load_cases())


def test_a_line_without_end_is_not_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "_MOST_LINE_BYTES", 1000)
    with pytest.raises(UsageError, match="line 1 is not a JSON object"):
        read_jsonl(written(tmp_path, {**HEADER, "testee": "x" * 2000}, CASE, FOOTER), load_cases())
