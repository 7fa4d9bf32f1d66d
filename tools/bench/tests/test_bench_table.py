from __future__ import annotations

import pytest

from bench import table
from bench.measures import Aim, Case, Measure
from bench.results import Row, Samples, make_rows

CASE = Case(
    "case",
    (
        Measure("time", "a time", "ms", {"execnet": Aim("<=", 0.5), "multiprocessing": Aim("<=", 1.0)}),
        Measure("threads", "threads", "", absolute_aim=Aim("<=", 3)),
    ),
)


def rows(**figures: float) -> list[Row]:
    samples = Samples()
    for name, figure in figures.items():
        measure, _, implementation = name.partition("_")
        samples.add(implementation, {measure: figure})
    return make_rows([CASE], samples)


@pytest.mark.parametrize(
    ("figure", "text"),
    [(None, "-"), (0.0, "0.00"), (9.876, "9.88"), (12.34, "12.3"), (123.4, "123"), (123456.7, "123,457")],
)
def test_figures_have_about_three_digits(figure: float | None, text: str) -> None:
    assert table.format_figure(figure) == text


def test_a_row_says_ratio_aim_and_verdict() -> None:
    row = rows(time_xnet=1.0, time_execnet=4.0, time_multiprocessing=0.5)[0]
    assert table.cells(row) == [
        "a time",
        "ms",
        "1.00",
        "4.00",
        "0.50",
        "0.25x (<= 0.5: met)",
        "2.00x (<= 1: MISSED)",
    ]


def test_an_absolute_aim_stands_beside_our_figure() -> None:
    row = rows(threads_xnet=2.0, threads_execnet=201.0)[1]
    assert table.cells(row)[2:6] == ["2.00 (<= 3: met)", "201", "-", "0.01x"]


def test_what_was_not_measured_is_a_dash() -> None:
    assert table.cells(rows()[0])[2:] == ["-", "-", "-", "-", "-"]


def test_columns_of_the_text_are_aligned() -> None:
    lines = table.format_text(rows(time_xnet=1.0, time_execnet=1234.0)).splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("-")
    ends = {
        line.index(word) + len(word)
        for line, word in zip([lines[0], lines[2]], ["execnet", "1,234"], strict=True)
    }
    assert len(ends) == 1


def test_markdown_has_a_rule_and_equally_many_cells() -> None:
    lines = table.format_markdown(rows(time_xnet=1.0)).splitlines()
    assert {line.count("|") for line in lines} == {8}
    assert set(lines[1]) <= set("|-: ")


def test_the_summary_counts_and_names_what_missed() -> None:
    measured = rows(time_xnet=1.0, time_execnet=4.0, time_multiprocessing=0.5, threads_xnet=2.0)
    assert table.format_summary(measured) == "2 of 3 aims met; missed: a time"


def test_the_summary_does_not_call_nothing_a_success() -> None:
    assert "no aim could be judged" in table.format_summary(rows(time_execnet=1.0))
