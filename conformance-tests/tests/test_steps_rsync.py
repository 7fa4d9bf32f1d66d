"""The layer rsync: our receiver passes it, and receivers that are wrong in one way each do not."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from xnet_conformance.case_files import load_cases, select
from xnet_conformance.profiles import read_profile
from xnet_conformance.suite_running import run_suite, with_controls
from xnet_conformance.testee import read_testee

#: Like test_testees.py: they need our packages beside the suite.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
ROOT = Path(__file__).resolve().parents[2]
RECEIVER = ROOT / "packages" / "xnet-rsync" / "src" / "xnet_rsync" / "receiver.py"
TESTEE = read_testee(ROOT / "conformance-tests" / "testees" / "full-worker.yaml")


def failed(folder: Path, change: tuple[str, str], *patterns: str) -> set[str]:
    """Return the cases that a receiver with one change does not pass."""
    source = RECEIVER.read_text(encoding="utf-8")
    assert change[0] in source
    wrong = source.replace(*change).partition("\nif __name__ ==")[0] + "\n\nrun = serve\n"
    (folder / "rsync-receiver.py").write_text(wrong, encoding="utf-8")
    every = load_cases()
    results = run_suite(
        attrs.evolve(TESTEE, fixtures=(folder,)),
        read_profile("1.0-worker"),
        with_controls(select(every, patterns, ["rsync"]), every),
    )
    assert not [r for r in results if r.outcome == "harness-error"]
    return {result.case.id for result in results if result.outcome != "pass"}


def test_our_receiver_passes(tmp_path: Path) -> None:
    assert failed(tmp_path, ("serve", "serve")) == set()


def test_a_receiver_that_takes_every_name(tmp_path: Path) -> None:
    wrong = failed(
        tmp_path, ("def check_name(name):\n", "def check_name(name):\n    return\n"), "rsync.name.*"
    )
    assert {
        "rsync.name.dot-dot",
        "rsync.name.slash",
        "rsync.name.directory",
        "rsync.name.unfinished",
    } <= wrong


@pytest.mark.parametrize(
    ("old", "new", "case"),
    [
        ('NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)', "NOFOLLOW = 0", "rsync.copy.outside"),
        ("modes[i] < 0o10000", "True", "rsync.table.permissions"),
        ("must(name not in seen", "must(True", "rsync.table.twice"),
        ('options.get(u"version") == VERSION', "True", "rsync.version"),
        ("same_time(mtime_ns(there), mtime)", "True", "rsync.file-is-the-same"),
    ],
)
def test_each_mistake_has_its_case(tmp_path: Path, old: str, new: str, case: str) -> None:
    assert case in failed(tmp_path, (old, new), case)
