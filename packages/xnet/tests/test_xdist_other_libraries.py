"""pytest-xdist on xnet, with tests that replace the file system, the clock and functions under their workers.

A report that a worker sends while its descriptor's number is one of a file in memory has to arrive, too.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from xnet_programs import run

pytestmark = pytest.mark.slow
pytest.importorskip("xdist", reason="needs pytest-xdist, which is not installed")
for name in ("freezegun", "pyfakefs", "time_machine"):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed here", allow_module_level=True)

SUITE = """
import datetime, os, subprocess, threading, time
import freezegun, pytest, time_machine

@pytest.mark.parametrize("number", range(5))
def test_files(fs, number):
    fs.create_file("/data/file", contents=str(number))
    assert open("/data/file").read() == str(number)
    assert number != 3

@freezegun.freeze_time("2020-01-01")
@pytest.mark.parametrize("number", range(5))
def test_frozen(number):
    assert datetime.date.today().year == 2020
    assert number != 3

@time_machine.travel("2021-01-01", tick=False)
@pytest.mark.parametrize("number", range(5))
def test_travelling(number):
    assert datetime.date.today().year == 2021

@pytest.mark.parametrize("number", range(5))
def test_both(fs, number):
    with freezegun.freeze_time("2020-01-01"):
        fs.create_file("/data/file")
        assert os.listdir("/data") == ["file"]

def replaced(*arguments, **named):
    raise AssertionError("replaced")

@pytest.mark.parametrize("number", range(5))
def test_replaced(monkeypatch, number):
    for name in ("close", "getpid", "kill", "pipe", "read", "write"):
        monkeypatch.setattr(os, name, replaced)
    for name in ("monotonic", "sleep"):
        monkeypatch.setattr(time, name, replaced)
    monkeypatch.setattr(subprocess, "Popen", replaced)
    monkeypatch.setattr(threading.Thread, "start", replaced)
"""
OTHER = f"2*popen//python=env A=b {sys.executable}"
WAYS = {
    "load": ("-n", "2"),
    "worksteal": ("-n", "2", "--dist", "worksteal"),
    "bare workers": ("--dist", "load", "--tx", OTHER),
}


@pytest.mark.parametrize("attempt", range(2))
@pytest.mark.parametrize("way", WAYS)
def test_every_result_is_there_and_right(tmp_path: Path, way: str, attempt: int) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = run("-m", "pytest", "-p", "xnet.xdist", "-p", "no:cacheprovider", *WAYS[way], cwd=tmp_path)
    words = done.stdout.strip().splitlines()[-1]
    assert "2 failed, 23 passed" in words, done.stdout + done.stderr
    assert {line for line in done.stdout.splitlines() if line.startswith("FAILED")} == {
        "FAILED test_suite.py::test_files[3] - assert 3 != 3",
        "FAILED test_suite.py::test_frozen[3] - assert 3 != 3",
    }
