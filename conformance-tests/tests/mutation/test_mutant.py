"""Files of mutants: what is in ours fits the suite and the sources, and mistakes in others are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xnet_conformance.case import LAYERS
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import CaseError, UsageError
from xnet_conformance.mutation.mutant import WIRE_MUTANTS, Patch, known_mutants, read_mutants
from xnet_conformance.specification import requirements
from xnet_conformance.testee import read_testee

FOLDER = Path(__file__).resolve().parents[2] / "mutants"
FILES = [WIRE_MUTANTS, *sorted(FOLDER.glob("*.yaml"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_mutants_name_cases_and_layers_that_exist(path: Path) -> None:
    cases = {case.id: case for case in load_cases()}
    found = read_mutants(path)
    role = "" if found.testee is None else read_testee(found.testee).role
    for mutant in found.mutants:
        assert mutant.layer in LAYERS, mutant.id
        assert mutant.killed_by in cases, mutant.id
        assert not role or role in cases[mutant.killed_by].roles, mutant.id
        assert mutant.title, mutant.id
        assert mutant.rules or mutant.patches, mutant.id


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_patches_fit_the_sources(path: Path) -> None:
    found = read_mutants(path)
    strayed = []
    for mutant in found.mutants:
        for patch in mutant.patches:
            texts = [root / patch.file for root in found.sources if (root / patch.file).exists()]
            assert len(texts) == 1, mutant.id
            if texts[0].read_text().count(patch.old) != 1:
                strayed.append(f"{mutant.id}: {patch.old!r}")
            assert patch.old != patch.new, mutant.id
    assert not strayed, "these have to follow the source, which has what they replace not exactly once"


def test_what_is_known_of_mutants_is_in_the_distribution() -> None:
    """Those that are patches, too: `explain` shows them where the patches are not."""
    known = {mutant.id: mutant for mutant in known_mutants()}
    for path in FILES:
        for mutant in read_mutants(path).mutants:
            there = known.pop(mutant.id)
            assert (there.breaks, there.killed_by, there.file) == (mutant.breaks, mutant.killed_by, path.name)
    assert not known


def test_every_must_that_has_a_case_has_a_mutant_that_breaks_it() -> None:
    with_case = {id_ for case in load_cases() for id_ in case.req}
    must = {id_ for id_ in with_case if requirements()[id_].level.startswith("MUST")}
    broken = {id_ for mutant in known_mutants() for id_ in mutant.breaks}
    assert sorted(must - broken) == []


def write(folder: Path, text: str) -> Path:
    path = folder / "mutants.yaml"
    path.write_text(text)
    return path


GOOD = "id: a, layer: flow, breaks: [FC-001], killed_by: x"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "not a map with a list of mutants"),
        ("mutants: [{id: a}]", "a mutant has id, layer"),
        (f"mutants: [{{{GOOD}}}]", "either the wire or the source"),
        (f"mutants: [{{{GOOD}, wire: [], source: []}}]", "either the wire or the source"),
        (f"mutants: [{{{GOOD}, wire: [{{do: explode}}]}}]", "unknown action 'explode'"),
        (f"mutants: [{{{GOOD}, wire: [{{frame: NONE, do: drop}}]}}]", "unknown frame 'NONE'"),
        (
            f"mutants: [{{{GOOD}, wire: [{{do: drop}}]}}, {{{GOOD}, wire: [{{do: drop}}]}}]",
            "a occurs twice",
        ),
        (
            "mutants: [{id: a, layer: flow, breaks: [nothing], killed_by: x, wire: [{do: drop}]}]",
            "breaks nothing",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CaseError, match=words):
        read_mutants(write(tmp_path, text))


def test_a_file_that_cannot_be_read_is_a_mistake_of_who_named_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_mutants(tmp_path / "none.yaml")


def test_a_patch_changes_what_is_there_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one two two")
    Patch("a.py", "one", "1").apply(tmp_path)
    assert (tmp_path / "a.py").read_text() == "1 two two"
    with pytest.raises(CaseError, match="has this 2 times, not once"):
        Patch("a.py", "two", "2").apply(tmp_path)
    with pytest.raises(CaseError, match="has this 0 times"):
        Patch("a.py", "three", "3").apply(tmp_path)
    with pytest.raises(CaseError, match=r"the file b\.py to change does not exist"):
        Patch("b.py", "three", "3").apply(tmp_path)


def test_the_table_in_the_documents_is_that_of_the_files() -> None:
    tool = FOLDER.parent / "tools" / "mutants_table.py"
    done = subprocess.run(
        [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
