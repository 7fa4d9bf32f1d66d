from __future__ import annotations

import sys
import tarfile
from pathlib import Path

from peers.columns import Column
from peers.suites import Suite

SOURCE = """
class TestSmall:
    def test_good(self): pass
    def test_bad(self): raise ValueError
    def test_dies(self):
        import os
        os._exit(3)
"""


def column(folder: Path) -> Column:
    tests = folder / "small-1" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_small.py").write_text(SOURCE)
    # a rootdir of its own, so that nothing above the folder decides what the tests are called
    (folder / "small-1" / "pytest.ini").write_text("[pytest]\n")
    archive = folder / "small-1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "small-1", arcname="small-1")
    suite = Suite("small", "1", (), "tests", ("-p", "no:xdist"), timeout_s=60.0)
    return Column("execnet", suite, Path(sys.executable), archive, folder / "cache")


def test_one_test_is_run_without_the_others(tmp_path: Path) -> None:
    small = column(tmp_path)
    assert small.run_alone("tests.test_small.TestSmall::test_good") == "passed"
    assert small.run_alone("tests.test_small.TestSmall::test_bad") == "failed"


def test_a_test_that_does_not_come_to_its_end_has_no_outcome(tmp_path: Path) -> None:
    small = column(tmp_path)
    assert small.run_alone("tests.test_small.TestSmall::test_dies") is None
    assert small.run_alone("tests.test_small.TestSmall::test_unknown") is None
    assert small.run_alone("tests.test_other::test_unknown") is None
