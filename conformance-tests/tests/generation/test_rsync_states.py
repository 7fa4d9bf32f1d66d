"""What may come of a file, as cases: each state has each message, and is taken or refused."""

from __future__ import annotations

import re
from collections import Counter

from xnet_conformance.case_files import load_cases
from xnet_conformance.generation.rsync_states import generate, may_come

CASES = {case.id.removeprefix("rsync.state."): case for case in generate()}
MESSAGES = {"pack", "first", "next", "list", "list-next", "copy", "meta", "again", "skip", "finish"}


def _steps(name: str) -> list[dict[str, object]]:
    steps = [dict(step) for step in CASES[name].steps]
    last = steps[-1].get("if_by_chunks")
    return [*steps[:-1], *last["steps"]] if isinstance(last, dict) else steps


def test_each_state_has_each_message() -> None:
    states = Counter(name.partition(".")[0] for name in CASES)
    assert len(states) == 16
    assert all(f"{state}.{message}" in CASES for state in states for message in MESSAGES)


def test_what_is_not_in_the_table_is_refused_and_leaves_what_was_there() -> None:
    for name, case in CASES.items():
        refused = not may_come(*name.split(".")) if name.split(".")[1] in MESSAGES else True
        names = [key for step in _steps(name) for key in step]
        assert (names[-3:] == ["expect", "tree", "barrier"]) == refused
        assert ("RS-015" in case.req) == (case.control is not None) == refused


def test_what_ends_a_file_is_taken_until_it_is_over() -> None:
    for state in {name.partition(".")[0] for name in CASES}:
        over = state in ("complete", "skipped", "not-named")
        assert may_come(state, "again") == may_come(state, "skip") == (not over)
        assert may_come(state, "finish") == over


def test_the_controls_are_there() -> None:
    ids = {case.id for case in load_cases()}
    for case in CASES.values():
        assert case.control is None or case.control in ids
        assert re.fullmatch(r"rsync\.state\.[a-z-]+\.[a-z-]+", case.id)
