"""JUnit's XML can be read by a parser, whatever a testee says."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from report_helpers import HOSTILE, report
from xnet_conformance.reports.junit import write_junit
from xnet_conformance.results import OUTCOMES, RED


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_is_what_build_servers_know(outcome: str) -> None:
    (suite,) = ET.fromstring(write_junit(report(outcome)).encode())
    (case,) = suite
    found = [element.tag for element in case]
    if outcome in RED:
        assert found == ["failure"]
        assert case[0].get("type") == outcome
    elif outcome == "harness-error":
        assert found == ["error"]
    elif outcome in ("unsupported", "skipped", "blocked", "not-run", "xfail"):
        assert found == ["skipped"]
    else:
        assert found == []
    counts = {name: int(suite.get(name, "")) for name in ("tests", "failures", "errors", "skipped")}
    assert counts.pop("tests") == 1
    assert counts == {
        name: found.count(tag)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }


def test_what_a_testee_says_is_text() -> None:
    root = ET.fromstring(write_junit(report("fail")).encode())
    text = root[0][0][0].text or ""
    assert "<script>alert(1)</script>" in text
    assert "again:    xnet-conformance run -t" in text
    assert "<script>" in (root[0][0][0].get("message") or "")
    assert "\x00" not in text
    assert HOSTILE.partition("\x00")[0] in (root.get("name") or "")


def test_each_layer_is_a_suite() -> None:
    one = report("pass", "fail")
    (suite,) = ET.fromstring(write_junit(one).encode())
    assert suite.get("name") == one.results[0].case.layer
    assert [case.get("name") for case in suite] == [result.case.id for result in one.results]
    assert float(suite.get("time", "")) == 1.0
