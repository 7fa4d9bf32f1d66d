"""The step that asks workers again, with limits around the length of what they have answered."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from runner_peer import Peer, busy
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import CaseError
from xnet_conformance.profiles import read_profile
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import read_testee

THIS = Path(__file__).resolve().parents[1] / "testees" / "bare" / "this.yaml"


def test_only_who_can_be_started_again_is_asked_again(peer: Peer) -> None:
    with pytest.raises(CaseError, match="only a worker can be reconnected to"):
        peer.run({"answers_at_limit": "STATUS"})


@pytest.mark.skipif(find_spec("xnet_gateway") is None, reason="needs the worker that is one file")
def test_a_worker_is_asked_again_by_processes_of_its_own() -> None:
    cases = [case for case in load_cases() if case.id == "gateway.status.at-the-limit"]
    (result,) = run_suite(read_testee(THIS), read_profile("1.0-worker"), cases, jobs=1, scale=busy())
    assert (result.outcome, result.message) == ("pass", "")
