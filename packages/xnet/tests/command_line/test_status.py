"""``xnet status``, as a user runs it."""

from __future__ import annotations

import json
import sys

from xnet_programs import run


def test_a_table_and_a_sentence_for_who_is_not_there() -> None:
    done = run("-m", "xnet", "status", "popen//id=here", "popen//python=/no/such", "command=env")
    heads, *rows = done.stdout.splitlines()
    assert heads.split()[:4] == ["gateway", "specification", "python", "platform"]
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
    assert "gw1 (command=sh -c 'sleep 600'): it was not done within 0.5 seconds\n" in done.stderr
