"""The layer rsync: receivers that are wrong in one way each do not pass it (ours does: test_testees.py)."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from receiver_helpers import TESTEE, failed
from runner_peer import busy
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.profiles import read_profile
from xnet_conformance.suite_running import run_suite

#: Like test_testees.py: they need our packages beside the suite.
pytestmark = pytest.mark.slow


def test_a_receiver_that_takes_every_name(tmp_path: Path) -> None:
    wrong = failed(tmp_path, "names.check_name = lambda name: None", "rsync.name.*")
    assert {
        "rsync.name.dot-dot",
        "rsync.name.slash",
        "rsync.name.directory",
        "rsync.name.unfinished",
    } <= wrong


@pytest.mark.parametrize(
    ("change", "case"),
    [
        ("system.READ_FILE &= ~os.O_NOFOLLOW", "rsync.copy.outside"),
        ("codes.VERSION = 9", "rsync.version"),
        ("attributes.same_time = lambda one, other: True", "rsync.file-is-the-same"),
    ],
)
def test_each_mistake_has_its_case(tmp_path: Path, change: str, case: str) -> None:
    assert case in failed(tmp_path, change, case)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ready", '[u"ready", 5]'),
        ("needs", '[u"needs", u"1", b"", b""]'),
        ("needs", '[u"needs", 1, b"abc", b"x"]'),
        ("needs", '[u"needs", 1, b"\\0\\0\\0\\1", b""]'),
    ],
)
def test_messages_of_another_form_fail_the_case_and_not_the_runner(
    tmp_path: Path, name: str, message: str
) -> None:
    ready = '[u"ready", {u"version": 1, u"dest": channel.receive()[1][u"dest"]}]'
    lines = [f"channel.send({ready if name == 'needs' else message})"]
    if name == "needs":
        lines += ["channel.receive()", f"channel.send({message})"]
    source = "def run(channel):\n" + "".join(f"    {line}\n" for line in [*lines, "channel.receive()"])
    (tmp_path / "rsync-receiver.py").write_text(source, encoding="utf-8")
    (result,) = run_suite(
        attrs.evolve(TESTEE, fixtures=(tmp_path,)),
        read_profile("1.0-worker"),
        select(load_cases(), ["rsync.nothing"]),
        scale=busy(),
    )
    assert (result.outcome, result.case.id) == ("fail", "rsync.nothing")
