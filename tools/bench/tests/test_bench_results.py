from __future__ import annotations

import pytest

from bench.measures import Aim, Case, Measure
from bench.results import Samples, make_rows

TIME = Measure("time", "a time", "ms", {"execnet": Aim("<=", 0.5), "multiprocessing": Aim("<=", 1.0)})
RATE = Measure("rate", "a rate", "/s", {"execnet": Aim(">=", 2)})
RATE_MANY = Measure("rate_many", "a rate", "/s", {"execnet": Aim(">=", 5)}, compared_with="rate")
THREADS = Measure("threads", "threads", "", absolute_aim=Aim("<=", 3))
CASE = Case("case", (TIME, RATE, RATE_MANY, THREADS))


def samples(**figures: dict[str, list[float]]) -> Samples:
    return Samples({(m, i): values for m, by in figures.items() for i, values in by.items()})


@pytest.mark.parametrize(
    ("aim", "good", "bad"), [(Aim("<=", 0.4), 0.4, 0.41), (Aim(">=", 2), 2.0, 1.99)], ids=str
)
def test_the_bound_itself_is_good_enough(aim: Aim, good: float, bad: float) -> None:
    assert aim.is_met_by(good)
    assert not aim.is_met_by(bad)


def test_the_ratio_is_our_median_divided_by_the_peers() -> None:
    time = {"xnet": [1.0, 100.0, 2.0], "execnet": [8.0, 4.0, 0.1], "multiprocessing": [1.0]}
    row = make_rows([CASE], samples(time=time))[0]
    assert row.medians == {"xnet": 2.0, "execnet": 4.0, "multiprocessing": 1.0}
    assert row.against["execnet"].ratio == 0.5
    assert row.against["multiprocessing"].ratio == 2.0
    assert row.verdicts == [True, False]


def test_more_is_better_for_a_rate() -> None:
    row = make_rows([CASE], samples(rate={"xnet": [30.0], "execnet": [10.0]}))[1]
    assert row.against["execnet"].ratio == pytest.approx(3.0)
    assert row.verdicts == [True]


def test_without_an_aim_a_ratio_has_no_verdict() -> None:
    row = make_rows([CASE], samples(rate={"xnet": [30.0], "multiprocessing": [10.0]}))[1]
    assert row.against["multiprocessing"].is_met is None
    assert row.verdicts == []


def test_send_many_is_compared_with_what_the_peers_have() -> None:
    row = make_rows([CASE], samples(rate={"execnet": [10.0]}, rate_many={"xnet": [60.0]}))[2]
    assert row.medians == {"xnet": 60.0, "execnet": 10.0}
    assert row.against["execnet"].ratio == pytest.approx(6.0)


def test_an_absolute_aim_is_held_against_our_figure() -> None:
    row = make_rows([CASE], samples(threads={"xnet": [4.0], "execnet": [201.0]}))[3]
    assert row.absolute is not None
    assert row.absolute.is_met is False
    assert row.verdicts == [False]


def test_what_was_not_measured_is_not_judged() -> None:
    rows = make_rows([CASE], samples(time={"execnet": [1.0]}))
    assert rows[0].medians == {"execnet": 1.0}
    assert [row.verdicts for row in rows] == [[], [], [], []]


def test_a_peer_that_measured_zero_gives_no_ratio() -> None:
    row = make_rows([CASE], samples(time={"xnet": [1.0], "execnet": [0.0]}))[0]
    assert row.against == {}
