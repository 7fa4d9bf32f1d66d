"""Mutants are killed by the cases they name: some here, all by ``xnet-conformance mutants``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from runner_peer import busy
from xnet_conformance.case import LAYERS
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import CaseError, UsageError
from xnet_conformance.mutation.hunting import HUNTING_SCALE, Verdict, hunt_all, patched
from xnet_conformance.mutation.mutant import WIRE_MUTANTS, Mutant, Patch, read_mutants
from xnet_conformance.results import Result
from xnet_conformance.testee import from_command, read_testee

ROOT = Path(__file__).resolve().parents[2]
BARE = read_testee(ROOT / "testees" / "bare" / "this.yaml")
INITIATOR = read_testee(ROOT / "testees" / "full-initiator.yaml")
CASES = load_cases()
#: Every so manieth mutant is hunted here, which takes a second or two for each layer.
STRIDE = 24
NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def wire_mutant(killed_by: str, rule: dict[str, Any], *, should: bool = False) -> Mutant:
    return Mutant("a", "wire.frames", "", ("FR-020",), killed_by, should=should, rules=(rule,))


def hunt(mutant: Mutant) -> Verdict:
    sources = [ROOT.parent / "packages/xnet-gateway/src"]
    (verdict,) = hunt_all([mutant], BARE, CASES, sources=sources, scale=HUNTING_SCALE * busy())
    return verdict


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "path",
    [
        WIRE_MUTANTS,
        *[ROOT / "mutants" / f"{name}.yaml" for name in ("bare", "initiator", "small", "rsync")],
        pytest.param(ROOT / "mutants" / "node.yaml", marks=NEEDS_NODE),
    ],
    ids=lambda path: path.stem,
)
def test_mutants_are_killed(path: Path) -> None:
    found = read_mutants(path)
    testee = BARE if found.testee is None else read_testee(found.testee)
    verdicts = hunt_all(
        found.mutants[::STRIDE], testee, CASES, sources=found.sources, jobs=2, scale=HUNTING_SCALE * busy()
    )
    assert [verdict.explanation() for verdict in verdicts if not verdict.killed] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_one_broken_rule_in_each_layer_of_the_full_stack_is_caught() -> None:
    """The list is ``mutants/stack.yaml``: each names beforehand the case that has to fail."""
    found = read_mutants(ROOT / "mutants" / "stack.yaml")
    assert found.testee is not None
    first = {mutant.layer: mutant for mutant in reversed(found.mutants)}
    assert first.keys() >= {*LAYERS} - {"rsync"}
    verdicts = hunt_all(
        list(first.values()),
        read_testee(found.testee),
        CASES,
        sources=found.sources,
        jobs=2,
        scale=HUNTING_SCALE * busy(),
    )
    assert [verdict.explanation() for verdict in verdicts if not verdict.killed] == []


@pytest.mark.slow
def test_frames_of_an_initiator_are_changed_on_their_way_too() -> None:
    to_us = wire_mutant("frames.ping.echo", {"frame": "PONG", "do": {"payload": "00"}})
    to_it = wire_mutant("frames.ping.echo", {"to": "testee", "frame": "PING", "do": {"payload": "00"}})
    verdicts = hunt_all([to_us, attrs.evolve(to_it, id="b")], INITIATOR, CASES, scale=HUNTING_SCALE * busy())
    assert [verdict.killed for verdict in verdicts] == [True, True]


@pytest.mark.slow
def test_a_case_of_another_role_is_not_judged() -> None:
    mutant = wire_mutant("gateway.noise.banner", {"frame": "PONG", "do": "drop"})
    assert not hunt(mutant).evaluated


def test_the_command_starts_what_is_in_a_copied_folder(tmp_path: Path) -> None:
    source = tmp_path / "testee"
    source.mkdir()
    (source / "worker.mjs").write_text("one")
    (source / "node_modules").mkdir()
    mutant = Mutant("a", "flow", "", (), "x", patches=(Patch("worker.mjs", "one", "two"),))
    testee = from_command(f"node {source}/worker.mjs")
    changed = patched(mutant, testee, [source], tmp_path / "copies")
    copy = Path(changed.command.split()[1])
    assert copy.read_text() == "two"
    assert copy.parent.parent == tmp_path / "copies"
    assert not (copy.parent / "node_modules").exists()
    assert (source / "worker.mjs").read_text() == "one"


def test_a_mutant_that_breaks_nothing_survives() -> None:
    verdict = hunt(wire_mutant("frames.ping.echo", {"frame": "INFO", "do": "drop"}))
    assert not verdict.killed
    assert "survived: frames.ping.echo passes" in verdict.explanation()


def test_a_mutant_that_cannot_even_start_is_taken_for_a_mistake_in_it() -> None:
    file = "xnet_gateway/bare/worker/protocol.py"
    patch = Patch(file, "PROTOCOL = (1, 0)", "PROTOCOL = (1, 0")
    mutant = Mutant("a", "gateway", "", ("HS-001",), "frames.ping.echo", patches=(patch,))
    verdict = hunt(mutant)
    assert not verdict.killed
    assert "dies: true" in verdict.explanation()
    assert hunt(attrs.evolve(mutant, dies=True)).killed


def test_a_should_is_broken_in_another_way_than_a_must() -> None:
    rule = {"frame": "CHANNEL_DATA", "do": {"item": "long-head"}}
    assert not hunt(wire_mutant("values.encode.int.23", rule)).killed
    assert hunt(wire_mutant("values.encode.int.23", rule, should=True)).killed


def test_a_case_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(CaseError, match="which is not a case"):
        hunt(wire_mutant("frames.ping.pong", {"do": "drop"}))


def test_a_testee_that_fails_by_itself_makes_no_mutants() -> None:
    broken = from_command(f'{sys.executable} -c "import sys; sys.exit(3)"')
    mutant = wire_mutant("frames.ping.echo", {"frame": "PONG", "do": "drop"})
    with pytest.raises(Exception, match="ended before its HELLO"):
        hunt_all([mutant], broken, CASES)
    with pytest.raises(UsageError, match=r"made of workers and initiators, but .* has the role adapter"):
        hunt_all([mutant], attrs.evolve(BARE, role="adapter"), CASES)


def test_a_mutant_whose_case_needs_what_the_testee_has_not_is_not_judged() -> None:
    verdict = Verdict(wire_mutant("trace.file", {"do": "drop"}), Result(CASES[0], "unsupported"))
    assert not verdict.evaluated
    assert not verdict.killed
