"""Holes are neither sent nor written, however large the file is; memory does not grow with it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from rsync_helpers import PATIENCE_S, sync, write
from xnet_gateway.gateway import Gateway

NOISE = random.Random(1).randbytes(600_000)


def write_sparse(path: Path, size: int, *pieces: int) -> None:
    """Write a file of holes with some data at places."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
        for place in pieces:
            file.seek(place)
            file.write(NOISE)


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


def must_have_holes(path: Path) -> None:
    if allocated(path) >= path.stat().st_size:
        pytest.skip(f"needs a file system with holes at {path.parent}")


def test_rs_042_rs_044_holes_stay_holes(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    size = 50_000_000
    write_sparse(source / "file", size, 0, 20_000_000, size - len(NOISE))
    write_sparse(source / "ends with a hole", size, 10_000_000)
    write_sparse(source / "only a hole", size)
    must_have_holes(source / "file")
    found = sync(source, worker, copy)
    assert found.bytes_sent < 4 * (len(NOISE) + 10_000)
    for name in ("file", "ends with a hole", "only a hole"):
        assert (copy / name).read_bytes() == (source / name).read_bytes()
        assert allocated(copy / name) <= allocated(source / name) + 65_536

    # Then data where a hole was, and the other way round: chunks and holes in one list.
    write_sparse(source / "file", size, 100_000, 20_000_003, 40_000_000)
    found = sync(source, worker, copy)
    assert found.bytes_sent < len(NOISE) / 5
    assert (copy / "file").read_bytes() == (source / "file").read_bytes()
    assert allocated(copy / "file") <= allocated(source / "file") + 65_536


HUGE = """
import sys
from xnet_gateway import XSpec, begin
from xnet_rsync import RSync
source, copy, spec = sys.argv[1:]
gateway = begin(XSpec(spec)).finish()
rsync = RSync(source, verbose=False, delta=True)
rsync.add_target(gateway, copy)
target = rsync.send().targets[0]
def peak_kb():
    with open("/proc/self/status") as file:
        return [int(line.split()[1]) for line in file if line.startswith("VmHWM")][0]
def send_peak(channel):
    with open("/proc/self/status") as file:
        channel.send([int(line.split()[1]) for line in file if line.startswith("VmHWM")][0])
print(target.bytes_sent, peak_kb(), gateway.remote_exec(send_peak).receive())
gateway.exit()
gateway.join()
"""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("bare", [False, True], ids=["imported", "sent"])
def test_ten_gigabytes_fit_through_little_memory(bare: bool, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    size = 10 * 2**30
    places = range(0, size, 2**30)
    write_sparse(source / "file", size, *places)
    must_have_holes(source / "file")
    spec = f"popen//python={sys.executable}" if bare else "popen"

    def run() -> tuple[int, int, int]:
        program = write(tmp_path / "program.py", HUGE)
        ended = subprocess.run(
            [sys.executable, str(program), str(source), str(copy), spec],
            capture_output=True,
            text=True,
            check=False,
            timeout=4 * PATIENCE_S,
        )
        assert ended.returncode == 0, ended.stderr
        sent, ours_kb, theirs_kb = map(int, ended.stdout.split())
        return sent, ours_kb, theirs_kb

    sent, ours_kb, theirs_kb = run()
    assert sent < (len(NOISE) + 10_000) * len(places)
    assert (copy / "file").stat().st_size == size
    assert allocated(copy / "file") < 2 * len(NOISE) * len(places)
    assert ours_kb < 110_000
    assert theirs_kb < 60_000

    with (source / "file").open("r+b") as file:
        file.seek(5 * 2**30 + 1000)
        file.write(b"changed")
        file.truncate(size + 5)
    sent, ours_kb, theirs_kb = run()
    assert sent < 700_000
    assert ours_kb < 110_000
    assert theirs_kb < 60_000
    with (source / "file").open("rb") as one, (copy / "file").open("rb") as other:
        for place in places:
            one.seek(place)
            other.seek(place)
            assert one.read(len(NOISE) + 10) == other.read(len(NOISE) + 10)
    assert os.stat(copy / "file").st_size == size + 5
