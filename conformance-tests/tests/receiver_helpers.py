"""Our receiver of trees with a change to one of its modules, judged."""

from __future__ import annotations

from pathlib import Path

import attrs

from runner_peer import busy
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.profiles import read_profile
from xnet_conformance.suite_running import run_suite, with_controls
from xnet_conformance.testee import read_testee

ROOT = Path(__file__).resolve().parents[2]
TESTEE = read_testee(ROOT / "conformance-tests" / "testees" / "full-worker.yaml")


def outcomes(folder: Path, change: str, *patterns: str) -> dict[str, str]:
    """Return how our receiver does in cases with a change to a module, before others import it."""
    names = "import os\nfrom xnet_rsync.receiver import attributes, codes, cuts, names, system\n"
    source = f"{names}{change}\nfrom xnet_rsync.receiver.start import serve as run\n"
    (folder / "rsync-receiver.py").write_text(source, encoding="utf-8")
    every = load_cases()
    results = run_suite(
        attrs.evolve(TESTEE, fixtures=(folder,)),
        read_profile("1.0-worker"),
        with_controls(select(every, patterns, ["rsync"]), every),
        scale=busy(),
    )
    assert not [r for r in results if r.outcome == "harness-error"]
    return {result.case.id: result.outcome for result in results}


def failed(folder: Path, change: str, *patterns: str) -> set[str]:
    """Return the cases that our receiver does not pass with a change to a module."""
    return {id_ for id_, outcome in outcomes(folder, change, *patterns).items() if outcome != "pass"}
