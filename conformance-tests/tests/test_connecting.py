"""From a testee to a session: with workers that are there, and some that are not well."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from program_helpers import python, zoo
from runner_peer import PATIENCE_S, patience
from xnet_conformance import testee as testees
from xnet_conformance.connecting import Workers, with_scratch
from xnet_conformance.errors import CannotStart
from xnet_conformance.testee import from_command

#: Says its environment and its directory on standard error, and nothing else.
TELLS = "import os, sys; sys.stderr.write(os.getcwd() + ';' + os.environ.get('XNET_T', ''))"


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Callable[..., Workers]]:
    """Make ``Workers`` of a testee."""
    made = []

    def make(testee: testees.Testee, scale: float = 1.0) -> Workers:
        made.append(Workers(testee, str(tmp_path), scale))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_worker_is_connected_in_a_directory_of_its_own(workers: Callable[..., Workers]) -> None:
    one = workers(zoo("good"))
    scratches = set()
    for _ in range(2):
        session, scratch = one.connect({"hello": {"credit": 4096}})
        assert session.theirs is not None
        assert session.theirs.major == 1
        assert session.conduct.ours.credit == 4096
        scratches.add(scratch)
        session.link.close()
    assert len(scratches) == 2
    assert all(Path(scratch).is_dir() for scratch in scratches)


def test_a_process_is_kept_ready_and_used_once(workers: Callable[..., Workers]) -> None:
    one = workers(zoo("good"))
    one.prepare()
    one.prepare()
    assert one._spare is not None
    process = one._spare.process
    session, _ = one.connect({"handshake": False})
    assert session.link.process is process
    assert session.theirs is None
    other, _ = one.connect({})
    assert other.link.process is not process
    session.link.close()
    other.link.close()
    one.prepare()
    spare = one._spare
    one.close()
    assert spare.process is not None
    assert spare.process.returncode is not None


def test_a_directory_can_have_a_name_that_is_no_text(workers: Callable[..., Workers]) -> None:
    tells = "import os, sys; sys.stderr.write(repr(os.getcwdb()))"
    session, scratch = workers(python("-c", tells)).connect({"handshake": False, "cwd": "odd"})
    assert session.link.drain_stderr(patience()) == repr(os.fsencode(scratch) + b"/odd\xff")
    session.link.close()


def test_environment_and_directory_are_the_case_s(workers: Callable[..., Workers], tmp_path: Path) -> None:
    testee = attrs.evolve(python("-c", TELLS), environ={"XNET_T": "of the testee"})
    session, scratch = workers(testee).connect(
        {"handshake": False, "environ": {"XNET_T": "$scratch/t"}, "cwd": "scratch"}
    )
    assert session.link.drain_stderr(patience()) == f"{scratch};{scratch}/t"
    session.link.close()
    session, _ = workers(testee).connect({"handshake": False})
    assert session.link.drain_stderr(patience()).endswith(";of the testee")
    session.link.close()


def test_a_trace_of_whoever_runs_the_suite_is_no_affair_of_a_testee(
    workers: Callable[..., Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECNET_DEBUG", "2")
    program = "import os, sys; sys.stderr.write(repr(os.environ.get('EXECNET_DEBUG')))"
    session, _ = workers(python("-c", program)).connect({"handshake": False})
    assert session.link.drain_stderr(patience()) == "None"
    session.link.close()


@pytest.mark.parametrize(
    ("habit", "words"),
    [
        ("dies-at-start", r"(?s)ended before its HELLO\nstandard error:\nit cannot work like this"),
        ("bad-hello", "the HELLO is not a value"),
        ("endless-noise", "65,536 bytes came without the preamble"),
    ],
)
def test_what_says_no_hello_has_not_started(habit: str, words: str, workers: Callable[..., Workers]) -> None:
    with pytest.raises(CannotStart, match=words):
        workers(zoo(habit)).connect({})


def test_silence_is_waited_for_as_long_as_a_slow_machine_may_take(workers: Callable[..., Workers]) -> None:
    started = time.monotonic()
    with pytest.raises(CannotStart, match="no HELLO came"):
        workers(zoo("silent"), scale=0.01).connect({})
    assert 0.2 <= time.monotonic() - started < PATIENCE_S


def test_a_socket_can_be_both_ends(workers: Callable[..., Workers]) -> None:
    session, _ = workers(attrs.evolve(zoo("good"), stdio="socket")).connect({})
    assert session.theirs is not None
    session.link.close()


def test_a_program_that_is_not_there(workers: Callable[..., Workers]) -> None:
    with pytest.raises(CannotStart, match="cannot be started"):
        workers(from_command(shlex.join(["/nonexistent", sys.executable]))).connect({})


def test_the_directory_is_put_in_everywhere() -> None:
    raw = {"config": {"cwd": "$scratch/x", "env": ["$scratch", 5]}, "credit": None}
    assert with_scratch(raw, "/s") == {"config": {"cwd": "/s/x", "env": ["/s", 5]}, "credit": None}
