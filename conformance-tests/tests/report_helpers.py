"""Results that nobody ran, with text that means mischief, for the tests of reports."""

from __future__ import annotations

import functools
from html.parser import HTMLParser

from xnet_conformance.case import Case
from xnet_conformance.case_files import load_cases
from xnet_conformance.profiles import read_profile
from xnet_conformance.reports.report import Report
from xnet_conformance.results import Result
from xnet_conformance.testee import Testee

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\x00\x1b[31m\ud800ü"


@functools.cache
def _cases() -> list[Case]:
    return load_cases()


def report(*outcomes: str) -> Report:
    """Return a report with the first cases of the suite and these outcomes."""
    results = [
        Result(
            case,
            outcome,
            seconds=0.5,
            message=HOSTILE,
            expected=HOSTILE,
            actual=HOSTILE,
            check=HOSTILE,
            remarks=[HOSTILE],
            stderr=HOSTILE,
            log=[{"ms": 1.0, "way": "received", "what": HOSTILE, "hex": "00ff", "bytes": 2000}] * 30,
        )
        for case, outcome in zip(_cases(), outcomes, strict=False)
    ]
    testee = Testee(name=f"testee {HOSTILE}", command="run 'it'")
    return Report(testee, read_profile("1.0-worker"), results, 12.5)


class Page(HTMLParser):
    """What a page has: elements, anchors, links. Fails for elements that are not closed in order."""

    VOID = frozenset({"meta", "input", "br", "img", "link", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"] and self.open[-1:] != ["script"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def check_links(self) -> None:
        """Check that ids are unique, that links lead to one, and that nothing is fetched from elsewhere."""
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        for attributes in self.all("a"):
            assert (attributes["href"] or "").removeprefix("#") in ids
        assert not any({"src", "action"} & set(attributes) for _, attributes in self.elements)
        assert not self.all("link")
