"""What the person at the terminal sees."""

from __future__ import annotations

import attrs
import pytest

from report_helpers import report
from xnet_conformance.reports import Report
from xnet_conformance.reports.terminal import Progress, print_summary, printable, table


def shown(capsys: pytest.CaptureFixture[str], *outcomes: str, trace: bool = False) -> str:
    print_summary(plain(*outcomes), trace=trace)
    return capsys.readouterr().out


def plain(*outcomes: str) -> Report:
    one = report(*outcomes)
    for result in one.results:
        result.message, result.stderr = "it is wrong", "\n".join(f"line {number}" for number in range(20))
        result.log = [{"ms": 1.0, "way": "sent", "what": f"PING {number}"} for number in range(50)]
    return one


def test_what_is_not_green_is_told_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "fail", "pass", "nonstrict")
    first, second, third = report("pass", "pass", "pass").results
    assert f"FAIL {first.case.id}" in text
    assert f"{first.case.req[0]} (" in text
    assert "again:    xnet-conformance run" in text
    assert second.case.id not in text
    assert f"NONSTRICT {third.case.id}" in text
    assert "line 19" in text
    assert "line 4\n" not in text
    assert "-->" not in text


def test_the_wire_is_shown_if_somebody_wants_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "fail", trace=True)
    assert "1.00 ms --> PING 49" in text
    assert text.count("-->") == 40


def test_the_table_says_what_was_evaluated() -> None:
    lines = table(report("pass", "fail", "unsupported", "nonstrict")).splitlines()
    assert lines[0].endswith("profile 1.0-worker, 4 cases, 12.5 s")
    by_layer = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[1:]}
    assert by_layer["wire.frames"] == "FAILED 1 of 3 passed (1 nonstrict, 1 fail, 1 unsupported)"
    assert by_layer["trace"] == "not evaluated"
    assert table(report("pass", "xfail")).splitlines()[1].split()[1] == "ok"
    assert "not evaluated (1 skipped)" in table(report("skipped"))
    assert "FAILED" in table(report("pass", "harness-error"))


def test_layers_that_a_profile_has_not_are_not_shown() -> None:
    one = report("pass")
    one = attrs.evolve(one, profile=attrs.evolve(one.profile, layers=("wire.frames",)))
    assert len(table(one).splitlines()) == 2


def test_progress_is_counted_and_shown_on_terminals_alone(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(3, quiet=False)
    for result in report("pass", "fail").results:
        progress.result(result)
    progress.end()
    assert (progress.done, progress.counts["fail"]) == (2, 1)
    assert capsys.readouterr().err == ""


def test_what_a_testee_says_does_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(report("fail", "nonstrict"), trace=True)
    text = capsys.readouterr().out
    assert r"&amp;\x00\x1b[31m\ud800ü" in text
    assert not {"\x00", "\x1b", "\ud800"} & set(text)
    assert printable("a\tb\n") == "a\tb\n"
