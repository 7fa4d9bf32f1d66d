"""The master report: everything is in it, one line for each case."""

from __future__ import annotations

import json
from pathlib import Path

from report_helpers import HOSTILE, report
from xnet_conformance.reports import write_reports
from xnet_conformance.reports.jsonl import rows, write_jsonl
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
