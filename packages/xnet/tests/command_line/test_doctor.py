"""``xnet doctor``, as a user runs it."""

from __future__ import annotations

import json

import pytest

from xnet_programs import run


def test_steps_and_what_to_do() -> None:
    done = run("-m", "xnet", "doctor", "popen//id=hop", "popen//via=hop", "popen//python=/no/such")
    hop, inner, missing = done.stdout.split("\n\n")
    assert hop.splitlines()[0] == "popen//id=hop"
    assert hop.splitlines()[1].split()[:2] == ["ok", "specification"]
    assert hop.splitlines()[-1].split()[:2] == ["ok", "speed"]
    assert "through gateway hop" in inner
    assert missing.splitlines()[-2].startswith("FAILED  program        /no/such does not exist")
    assert missing.splitlines()[-1].startswith("        what to do     Install it")
    assert (done.returncode, done.stderr) == (3, "")


def test_json() -> None:
    done = run("-m", "xnet", "doctor", "--json", "popen//env:TOKEN=hunter2", "fly//env:TOKEN=hunter2")
    well, ill = json.loads(done.stdout)
    assert well["failed"] is None
    assert all(step["ok"] for step in well["steps"])
    assert (ill["failed"], ill["steps"][0]["ok"]) == ("specification", False)
    assert ill["spec"] == "fly//env:TOKEN=..."
    assert done.returncode == 2


@pytest.mark.parametrize(("spec", "status"), [("popen", 0), ("fly", 2), ("command=/no/such", 3)])
def test_exit_statuses(spec: str, status: int) -> None:
    done = run("-m", "xnet", "doctor", spec)
    assert (done.returncode, done.stderr) == (status, "")
    assert not done.stdout.startswith(spec)  # there is only one
