"""``mutants`` as a user types it; that they are killed is tested beside what hunts them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from program_helpers import ZOO_WORKER
from xnet_conformance.cli import group
from xnet_conformance.errors import UsageError

GOOD = ("-t", shlex.join([sys.executable, "-S", str(ZOO_WORKER), "good"]))


def command(*words: str) -> Result:
    return CliRunner().invoke(group, ["mutants", *words], catch_exceptions=False)


def test_a_mutant_that_its_case_notices_is_killed() -> None:
    done = command(*GOOD, "--only", "wire.pong-other-payload")
    assert done.exit_code == 0, done.output
    assert "killed   wire.pong-other-payload" in done.output
    assert done.output.endswith("1 of 1 mutants killed\n")


def test_a_mutant_that_nobody_notices_survives(tmp_path: Path) -> None:
    file = tmp_path / "mutants.yaml"
    file.write_text(
        "mutants:\n- id: wire.nothing\n  layer: wire.frames\n  title: nothing happens\n  breaks: [FR-020]\n"
        "  killed_by: frames.ping.echo\n  wire: [{frame: CHANNEL_BATCH, do: drop}]\n"
    )
    done = command(*GOOD, "--file", str(file))
    assert done.exit_code == 1, done.output
    assert "SURVIVED wire.nothing" in done.output
    assert "0 of 1 mutants killed" in done.output


def test_a_mutant_whose_case_says_nothing_about_this_testee_is_not_judged() -> None:
    done = command(*GOOD, "--only", "wire.trace*")
    assert done.exit_code == 5, done.output
    assert "no case  wire.trace" in done.output
    assert "0 of 0 mutants killed" in done.output


@pytest.mark.parametrize("words", [(*GOOD, "--only", "no.such"), ("--only", "wire.pong-dropped")])
def test_nothing_to_hunt_is_a_mistake(words: tuple[str, ...]) -> None:
    with pytest.raises(
        UsageError, match=r"mutants\.yaml (has no mutant that matches no\.such|names no testee)"
    ):
        command(*words)
