"""Syncs of programs in which the clock stands still."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from rsync_helpers import PATIENCE_S

#: In front of each program; it frees a stopped worker in the end.
HEAD = """
import importlib, os, signal, sys
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
from xnet_rsync import RSync
gateway = begin(XSpec("popen//id=one//python=env A=b " + sys.executable)).finish()
library = importlib.import_module(sys.argv[3])
if sys.argv[3] == "freezegun":
    library.freeze_time("2020-01-01").start()
else:
    library.travel("2020-01-01", tick=False).start()
rsync = RSync(sys.argv[1], verbose=False, stall_timeout=float(sys.argv[4]))
rsync.add_target(gateway, sys.argv[2])
def end(status):
    os.kill(gateway._io.popen.pid, signal.SIGKILL)
    os._exit(status)
"""


def run(library: str, program: str, tree: Path, stall_timeout: float) -> str:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed here")
    source = tree / "source"
    source.mkdir()
    (source / "file").write_text("text")
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program, str(source), str(tree / "copy"), library, str(stall_timeout)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("library", ["freezegun", "time_machine"])
def test_a_sync_comes_to_its_end(library: str, tmp_path: Path) -> None:
    program = "rsync.send()\nprint(os.listdir(sys.argv[2]), flush=True)\nend(0)"
    assert run(library, program, tmp_path, PATIENCE_S) == "['file']\n"


@pytest.mark.parametrize("library", ["freezegun", "time_machine"])
def test_a_silent_receiver_is_given_up(library: str, tmp_path: Path) -> None:
    program = """
os.kill(gateway._io.popen.pid, signal.SIGSTOP)
try:
    rsync.send()
except Exception as error:
    print("the receiver has not been heard from for 0.3 s" in str(error) or repr(error), flush=True)
end(0)
"""
    assert run(library, program, tmp_path, 0.3) == "True\n"
