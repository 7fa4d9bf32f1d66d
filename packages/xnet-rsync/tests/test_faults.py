"""Whatever dies in the middle of a sync: no file is half there, and the next sync does the rest.

XNET_FAULTS=200 breaks off that many syncs instead of a few, XNET_FAULTS_SEED=7 others than usual.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rsync_helpers import PATIENCE_S, eventually, look, write
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync

FAULTS = int(os.environ.get("XNET_FAULTS") or 9)
SEED = int(os.environ.get("XNET_FAULTS_SEED") or 1)
SIZES = [0, 1, 300, 4_000, 9_000, 70_000, 300_000, 1_500_000]
FILES = 40

#: Says who it is made of, then a line for each file that begins to be sent and each that is there.
SENDER = """
import sys
from xnet_gateway import XSpec, begin
from xnet_rsync import RSync
source, copy, delta = sys.argv[1:]
relay = begin(XSpec("popen//id=relay")).finish()
worker = begin(XSpec("popen//id=worker//via=relay"), relay).finish()
pid = worker.remote_exec("import os; channel.send(os.getpid())").receive()
print(relay.pid, pid, flush=True)
class Telling(RSync):
    def _report_send_file(self, gateway, path):
        print("sending", flush=True)
rsync = Telling(source, lambda *event: print(event[0], flush=True), delta=delta == "True")
rsync.add_target(worker, copy, delete=True)
rsync.send()
print("all", flush=True)
"""


def is_running(pid: int) -> bool:
    """Return whether there is a process that is more than a memory of one."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def make_trees(source: Path, copy: Path, numbers: random.Random) -> None:
    """Make a tree, and at the other place an older one that resembles it."""
    for number in range(FILES):
        size = numbers.choice(SIZES)
        content = numbers.randbytes(size)
        path = f"{number % 5}/{number}"
        write(source / path, content)
        os.utime(source / path, (2_000_000_000, 2_000_000_000 + number))
        if numbers.random() < 0.6:
            at = numbers.randrange(size + 1)
            write(copy / path, content[:at] + b"old" + content[at + numbers.randrange(100) :])
            os.utime(copy / path, (1_000_000_000, 1_000_000_000))
    write(copy / "5" / "not in the source", b"old")


def contents(root: Path) -> dict[bytes, bytes]:
    """Return the files that have their names, with their contents."""
    found = look(root) if root.exists() else {}
    return {
        path: facts[-1]
        for path, facts in found.items()
        if facts[0] == "file" and isinstance(facts[-1], bytes) and b"/.xnet-rsync-" not in b"/" + path
    }


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, to see who is still running")
@pytest.mark.parametrize("number", range(FAULTS))
def test_no_half_files_and_the_next_sync_does_the_rest(number: int, gateway: Gateway, tmp_path: Path) -> None:
    """Spec: RS-036, RS-037, RS-072."""
    numbers = random.Random(f"{SEED} {number}")
    source, copy = tmp_path / "source", tmp_path / "copy"
    make_trees(source, copy, numbers)
    before, wanted = contents(copy), contents(source)
    victim = ("sender", "receiver", "transport")[number % 3]
    delta = numbers.random() < 0.5
    moment, pause_s = numbers.randrange(2 * FILES), numbers.random() * 0.003
    sender = subprocess.Popen(
        [sys.executable, "-c", SENDER, str(source), str(copy), str(delta)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert sender.stdout is not None
    try:
        relay_pid, receiver_pid = [int(word) for word in sender.stdout.readline().split()]
        for _ in range(moment):
            if sender.stdout.readline() in {b"", b"all\n"}:
                break
        time.sleep(pause_s)  # no synchronisation: any moment is as good as another
        pid = {"sender": sender.pid, "receiver": receiver_pid, "transport": relay_pid}[victim]
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it was done
        sender.stdout.read()
        sender.wait(PATIENCE_S)
    finally:
        sender.kill()
        sender.wait(PATIENCE_S)
        sender.stdout.close()
    assert eventually(lambda: not is_running(receiver_pid)), f"the receiver outlived its {victim}"

    after = contents(copy)
    for path, content in after.items():
        assert content == before.get(path) or content == wanted.get(path), f"{path!r} is half there"
    assert before.keys() - {b"5/not in the source"} <= after.keys()
    arrived, there = look(copy), look(source)
    missing = sum(arrived.get(path, ())[2:] != there[path][2:] for path in wanted)

    rsync = RSync(source, verbose=False, delta=delta)
    rsync.add_target(gateway, copy, delete=True)
    result = rsync.send()
    assert result is not None
    assert look(copy) == look(source)
    # What had arrived is not sent again.
    assert result.targets[0].files_needed == missing
    assert result.targets[0].files_done == result.targets[0].files_needed
