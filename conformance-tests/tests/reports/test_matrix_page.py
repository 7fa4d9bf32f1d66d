"""The page of several testees."""

from __future__ import annotations

from report_helpers import HOSTILE, Page
from xnet_conformance.case_files import load_cases
from xnet_conformance.matrix import Column
from xnet_conformance.reports.matrix_page import write_matrix_page


def test_testees_side_by_side() -> None:
    cases = load_cases()[:3]
    ids = [case.id for case in cases]
    layer = cases[0].layer
    columns = [
        Column(HOSTILE, "worker", "1.0-worker", 3.0, "", {layer: dict.fromkeys(ids, "pass")}),
        Column("other", "worker", "1.0-worker", 3.0, "", {layer: {ids[0]: "pass", ids[1]: "fail"}}),
        Column("gone", "worker", "1.0-worker", problem="did not start"),
    ]
    page = Page(write_matrix_page(columns, cases))
    page.check_links()
    rows = {
        attributes["id"]: attributes["data-green"]
        for attributes in page.all("tr")
        if "data-green" in attributes
    }
    assert rows == {f"case-{ids[0]}": "1", f"case-{ids[1]}": "0", f"case-{ids[2]}": "1"}
    assert "3 of 3" in page.text
    assert "1 of 2, 1 bad" in page.text
    assert "did not start" in page.text
    assert HOSTILE.partition("\x00")[0] in page.text
