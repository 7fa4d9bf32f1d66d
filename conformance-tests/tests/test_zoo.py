"""Broken testees: the suite has one exact thing to say about each. They are in ``testees/zoo/``."""

from __future__ import annotations

import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner_peer import busy
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import CannotStart
from xnet_conformance.profiles import read_profile
from xnet_conformance.results import EXIT_NOT_STARTED, exit_code
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import from_command

ZOO = Path(__file__).resolve().parents[1] / "testees" / "zoo"
BOOK = yaml.safe_load((ZOO / "zoo.yaml").read_text())
CASES = [case for case in load_cases() if case.id in BOOK["cases"]]
#: How long those that say nothing are waited for: 5 seconds for a HELLO, 2.5 for an answer.
SCALE = 0.25


def observe(habit: str) -> dict[str, Any]:
    """Run the cases against an animal and return what the book of the zoo has about it."""
    command = shlex.join([sys.executable, "-S", str(ZOO / "worker.py"), habit])
    try:
        results = run_suite(from_command(command), read_profile("1.0-worker"), CASES, scale=SCALE * busy())
    except CannotStart as error:
        return {"start": str(error), "exit": EXIT_NOT_STARTED}
    by_id = {result.case.id: result for result in results}
    return {
        "outcomes": [by_id[id_].outcome for id_ in BOOK["cases"]],
        "exit": exit_code(results),
        "messages": [result.message for result in results],
    }


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_each_animal_has_its_one_outcome() -> None:
    with ThreadPoolExecutor(6) as pool:
        seen = dict(zip(BOOK["animals"], pool.map(observe, BOOK["animals"]), strict=True))
    wrong = {}
    for habit, expected in BOOK["animals"].items():
        found = seen[habit]
        if "start" in expected:
            good = found.get("start", "").startswith(expected["start"])
        else:
            good = found.get("outcomes") == expected["outcomes"]
        if not good or found["exit"] != expected["exit"]:
            wrong[habit] = (expected, found)
    assert wrong == {}


def test_a_program_that_does_not_exist_is_said_to_be_none() -> None:
    with pytest.raises(CannotStart, match="cannot be started"):
        run_suite(from_command("/nonexistent/worker"), read_profile("1.0-worker"), CASES)
