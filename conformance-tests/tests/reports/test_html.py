"""The page of a run: everything is on it, and nothing of what a testee says is taken for markup."""

from __future__ import annotations

from report_helpers import HOSTILE, Page, report
from xnet_conformance.case import LAYERS
from xnet_conformance.reports.html import plain, summary, write_html
from xnet_conformance.results import OUTCOMES


def test_all_outcomes_are_shown_and_every_link_leads_somewhere() -> None:
    one = report(*OUTCOMES)
    page = Page(write_html(one))
    page.check_links()
    cases = {
        attributes["id"]: attributes
        for attributes in page.all("details")
        if "case" in (attributes["class"] or "")
    }
    assert set(cases) == {f"case-{result.case.id}" for result in one.results}
    for result in one.results:
        green = cases[f"case-{result.case.id}"]["data-green"]
        assert (green == "1") == (result.outcome == "pass")
        assert result.case.req[0] in page.text
    for layer in LAYERS:
        assert f"layer-{layer}" in {attributes.get("id") for attributes in page.all("section")}
    assert page.text.count("Nothing was evaluated in this layer") >= 1


def test_what_a_testee_says_is_text() -> None:
    page = Page(write_html(report("fail", "pass")))
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert "<img src=x onerror=alert(2)>&amp;" in page.text
    assert HOSTILE.partition("\x00")[0] in page.text


def test_the_wire_of_what_is_green_is_short() -> None:
    short, long = (write_html(report(outcome)) for outcome in ("pass", "fail"))
    assert "18 more; run the case with --trace" in short
    assert long.count("<td>← testee</td>") == 30


def test_nothing_evaluated_is_not_green() -> None:
    assert summary(["unsupported", "skipped"]) == "not evaluated"
    assert summary(["pass", "nonstrict", "fail"]) == "1 of 3 passed"
    page = Page(write_html(report("unsupported")))
    tiles = [attributes["class"] for attributes in page.all("a") if "tile" in (attributes.get("class") or "")]
    assert set(tiles) == {"tile none"}


def test_sentences_have_no_links_to_elsewhere() -> None:
    assert plain("as anywhere ([FR-011](20-frames.md)) in [a list]") == "as anywhere (FR-011) in [a list]"
