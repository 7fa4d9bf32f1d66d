"""Steps that put something in place of a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner_peer import Peer
from xnet_conformance.errors import CaseError, CheckFailed
from xnet_conformance.scenario import Scenario


@pytest.mark.parametrize(
    "what", ["link", "readable", "group-readable", "group-writable", "writable", "hard-link"]
)
def test_what_is_planted_in_place_of_a_trace_is_written_to(
    run_with: Callable[..., Scenario], tmp_path: Path, what: str
) -> None:
    planted = {"plant": {"what": what}}
    kept: list[dict[str, Any]] = [
        {"close_input": True},
        {"exit": {"status": 0}},
        {"plant": {"what": what, "still": True}},
    ]
    run_with("import sys; sys.stdin.read()", planted, *kept, scratch=tmp_path)
    source = f"""
import os, sys
sys.stdin.read()
open({str(tmp_path)!r} + f"/execnet-debug-{{os.getpid()}}", "a").write("x")
"""
    with pytest.raises(CheckFailed, match="in place of the trace"):
        run_with(source, planted, *kept, scratch=tmp_path)


def test_the_file_for_machines_is_another(run_with: Callable[..., Scenario], tmp_path: Path) -> None:
    planted = {"plant": {"what": "folder", "json": True}}
    run_with(
        "import sys; sys.stdin.read()",
        planted,
        {"plant": {**planted["plant"], "still": True}},
        scratch=tmp_path,
    )
    (path,) = tmp_path.iterdir()
    assert path.is_dir()
    assert path.name.startswith("trace-")
    assert path.suffix == ".jsonl"


def test_a_pipe_is_planted_for_all_processes_of_a_testee(
    run_with: Callable[..., Scenario], tmp_path: Path
) -> None:
    source = """
import subprocess, sys
inner = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"], stdout=subprocess.PIPE)
inner.stdout.readline()
sys.stderr.write("started"); sys.stderr.flush(); sys.stdin.read()
"""
    run_with(source, {"stderr": {"contains": "started"}}, {"plant": {"what": "pipe"}}, scratch=tmp_path)
    assert [path.is_fifo() for path in tmp_path.iterdir()] == [True, True]


def test_nothing_is_planted_without_a_process(peer: Peer) -> None:
    with pytest.raises(CaseError, match="there is no process"):
        peer.run({"plant": {"what": "pipe"}})


def test_a_file_of_its_own_is_appended_to(run_with: Callable[..., Scenario], tmp_path: Path) -> None:
    planted = {"plant": {"what": "own"}}
    kept: list[dict[str, Any]] = [
        {"close_input": True},
        {"exit": {"status": 0}},
        {"plant": {"what": "own", "still": True}},
    ]
    source = f"""
import os, sys
sys.stdin.read()
open({str(tmp_path)!r} + f"/execnet-debug-{{os.getpid()}}", MODE).write("more")
"""
    run_with(source.replace("MODE", "'a'"), planted, *kept, scratch=tmp_path)
    with pytest.raises(CheckFailed, match="what was in the file of the trace is gone"):
        run_with(source.replace("MODE", "'w'"), planted, *kept, scratch=tmp_path)
