"""The layer rsync for initiators: senders that are wrong in one way each do not pass it."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from runner_peer import busy
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.profiles import read_profile
from xnet_conformance.suite_running import run_suite, with_controls
from xnet_conformance.testee import read_testee

#: They need our packages beside the suite. Ours passes all: test_roles.py.
pytestmark = pytest.mark.slow
TESTEES = Path(__file__).resolve().parents[1] / "testees"
TESTEE = read_testee(TESTEES / "full-initiator.yaml")


def outcomes(folder: Path, change: str, *patterns: str) -> dict[str, str]:
    """Return how our sender does with a change to its modules."""
    program = folder / "initiator.py"
    start = f"import runpy, sys\nsys.path.insert(0, {str(TESTEES)!r})\n"
    program.write_text(f"{start}{change}\nrunpy.run_path({str(TESTEES / 'full_initiator.py')!r})\n")
    command = TESTEE.command.replace(str(TESTEES / "full_initiator.py"), str(program))
    every = load_cases()
    results = run_suite(
        attrs.evolve(TESTEE, command=command),
        read_profile("1.0-initiator"),
        with_controls(select(every, patterns, ["rsync"]), every),
        scale=busy(),
    )
    assert not [r for r in results if r.outcome == "harness-error"]
    return {result.case.id: result.outcome for result in results}


@pytest.mark.parametrize(
    ("change", "case"),
    [
        ("from xnet_rsync import messages; messages.VERSION = 9", "rsync.sender.nothing"),
        ("from xnet_rsync import walk; walk.TEMPORARY = b'?'", "rsync.sender.unfinished-names"),
        ("from xnet_rsync import messages; messages.MOST_LISTS = 99", "rsync.sender.list.most"),
    ],
)
def test_each_mistake_has_its_case(tmp_path: Path, change: str, case: str) -> None:
    assert outcomes(tmp_path, change, case)[case] == "fail"


def test_a_program_that_sends_no_trees_is_not_judged(tmp_path: Path) -> None:
    results = run_suite(
        attrs.evolve(TESTEE, features=("trace",)),
        read_profile("1.0-initiator"),
        select(load_cases(), ["rsync.sender.tree"]),
    )
    assert [result.outcome for result in results] == ["unsupported"]
