from __future__ import annotations

import pytest

from bench.catalogue import CASES
from bench.measures import IMPLEMENTATIONS, Case
from bench.runner import RunError, environment, order, run_cases, run_once

(MEMORY,) = (case for case in CASES if case.name == "memory")


def test_every_implementation_is_first_in_turn() -> None:
    orders = [order(("a", "b", "c"), number) for number in range(4)]
    assert orders == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]


def test_a_case_is_measured_in_a_process_of_its_own() -> None:
    figures = run_once(MEMORY, "multiprocessing", quick=True)
    assert set(figures) == {measure.name for measure in MEMORY.measures}
    assert all(figure > 0 for figure in figures.values())


def test_a_failing_run_shows_what_it_said() -> None:
    with pytest.raises(RunError, match=r"exit status 1(.|\n)*No module named 'bench.cases.missing'"):
        run_once(Case("missing", ()), "multiprocessing", quick=True)


def test_a_hung_run_is_ended_and_named() -> None:
    with pytest.raises(RunError, match=r"memory with execnet was not done after 0.001 s"):
        run_once(Case("memory", MEMORY.measures, timeout_s=0.001), "execnet", quick=True)


def test_a_failure_is_noted_once_and_the_others_go_on() -> None:
    said: list[str] = []
    cases = [Case("missing", (), most_rounds=3), Case("memory", MEMORY.measures)]
    samples = run_cases(cases, ["multiprocessing"], 2, True, said.append)
    assert len(samples.failures) == 1
    assert len(samples.figures["rss", "multiprocessing"]) == 2
    assert said == [
        "missing, round 1 of 2, multiprocessing",
        "memory, round 1 of 2, multiprocessing",
        "memory, round 2 of 2, multiprocessing",
    ]


def test_names_of_cases_and_measures_are_unique() -> None:
    names = [measure.name for case in CASES for measure in case.measures]
    assert len(set(names)) == len(names)
    assert len({case.name for case in CASES}) == len(CASES)


def test_what_is_compared_exists() -> None:
    names = {measure.name for case in CASES for measure in case.measures}
    for case in CASES:
        assert set(case.implementations) <= set(IMPLEMENTATIONS)
        for measure in case.measures:
            assert measure.compared_with is None or measure.compared_with in names


def test_measured_processes_may_write_bytecode_whatever_the_caller_set() -> None:
    assert environment({"PYTHONDONTWRITEBYTECODE": "1", "PATH": "p"}) == {"PATH": "p"}
