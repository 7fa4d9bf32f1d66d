"""``xnet status``, as a user runs it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from xnet_programs import run


def test_a_table_and_a_sentence_for_who_is_not_there() -> None:
    done = run("-m", "xnet", "status", "popen//id=here", "popen//python=/no/such", "command=env")
    heads, *rows = done.stdout.splitlines()
    assert heads.split()[:4] == ["gateway", "specification", "version", "platform"]
    assert [row.split()[:2] for row in rows] == [["here", "popen//id=here"], ["gw2", "command=env"]]
    assert rows[0].split()[2] == ".".join(str(part) for part in sys.version_info[:3])
    assert done.stderr.startswith("xnet: gw1 (popen//python=/no/such): cannot start '/no/such'")
    assert done.returncode == 3


def test_json() -> None:
    done = run("-m", "xnet", "status", "--json", "popen//env:TOKEN=hunter2", "popen//python=/no/such")
    here, missing = json.loads(done.stdout)
    assert here["error"] is None
    assert (here["executable"], here["numexecuting"], here["execmodel"]) == (sys.executable, 0, "thread")
    assert here["languages"] == ["python"]
    assert "cannot start" in missing["error"]
    assert "hunter2" not in done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (3, "")


def test_through_others_and_all_well() -> None:
    done = run("-m", "xnet", "status", "popen//id=hop", "popen//via=hop")
    assert len(done.stdout.splitlines()) == 3
    assert (done.returncode, done.stderr) == (0, "")


def test_one_that_never_answers() -> None:
    done = run("-m", "xnet", "status", "--timeout", "0.5", "popen", "command=sh -c 'sleep 600'")
    assert done.returncode == 124
    assert "gw1 (command=sh -c 'sleep 600'): it was not done within 0.5 s\n" in done.stderr


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_name_that_is_no_text(command: str) -> None:
    done = run("-m", "xnet", command, "popen//id=\udcff")
    assert "has a surrogate (character 3)" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 3


def test_a_worker_in_another_language_and_what_needs_python(tmp_path: Path) -> None:
    worker = Path(__file__).parents[4] / "conformance-tests" / "testees" / "node" / "worker.mjs"
    if shutil.which("node") is None or not worker.exists():
        pytest.skip("needs node, and the worker for it in conformance-tests")
    spec = f"popen//worker=node {worker}"
    (found,) = json.loads(run("-m", "xnet", "status", "--json", spec).stdout)
    assert (found["error"], found["languages"]) == (None, ["javascript"])
    done = run("-m", "xnet", "exec", spec, "--", "1")
    assert (done.stderr, done.returncode) == ("xnet: gw0: it executes javascript, not Python\n", 3)
    done = run("-m", "xnet", "rsync", str(tmp_path), f"{spec}:/x")
    assert (done.stderr, done.returncode) == ("xnet: gw0:/x: it executes javascript, not Python\n", 3)
    done = run("-m", "xnet", "doctor", spec)
    assert done.stdout.splitlines()[-1].startswith("-       speed")
    assert done.returncode == 0
