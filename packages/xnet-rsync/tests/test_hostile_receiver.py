"""What a hostile receiver can make the sender keep, compute and wait for. Spec: RS-009.

Each sync runs in a process of its own, whose memory is measured. The bounds are those of docs/rsync.md and
docs/security.md.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway_helpers import busy
from rsync_helpers import Gateways, look, write
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, SyncError, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
#: What the memory of the sender may grow by, in megabytes: itself, and what is in its channel.
MOST_GROWTH_MB = 24
LIMIT_S = 200

SENDER = """
import json, sys, time
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
from xnet_rsync import RSync, SyncError, run

def megabytes(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field)) / 1024

source, receiver, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
run.start_receiver = lambda gateway: gateway.remote_exec(receiver)
gateway = begin(XSpec("popen//id=gw0")).finish()
rsync = RSync(source, verbose=False, **options.get("rsync", {}))
rsync.add_target(gateway, "/nowhere", delete=options.get("delete", False))
before, began_s = megabytes("VmRSS"), time.monotonic()
text = ""
try:
    result = rsync.dry_run() if options.get("dry_run") else rsync.send()
except SyncError as error:
    result, text = error.result, str(error)
(target,) = result.targets
print(json.dumps({
    "grown": megabytes("VmHWM") - before,
    "seconds": time.monotonic() - began_s,
    "text": len(text),
    "errors": len(target.errors),
    "last": target.errors[-1] if target.errors else "",
    "removed": [len(target.removed), target.removed_count],
}))
gateway._io.kill_now()
"""
#: It has the index and wants nothing of it; then it has been told that all was sent.
HEAD = """
for _ in range(3):
    channel.receive()
channel.send(["ready", {"version": 1}])
"""
NOTHING_NEEDED = (
    HEAD
    + """
channel.send(["needs", 1, b"", b""])
channel.send(["needs", 3, b"", b""])
channel.receive()
"""
)


def sync(
    folder: Path, receiver: str, most_mb: float = MOST_GROWTH_MB, **options: object
) -> dict[str, object]:
    write(folder / "a", "1")
    write(folder / "b", "1" * 100_000)
    done = subprocess.run(
        [sys.executable, "-c", SENDER, str(folder), receiver, json.dumps(options)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    assert found["grown"] < most_mb  # type: ignore[operator]
    return found


def test_a_problem_that_is_too_long_ends_the_sync(tmp_path: Path) -> None:
    found = sync(tmp_path, NOTHING_NEEDED + "channel.send(['problem', None, 'x' * 4097])\nchannel.receive()")
    assert "the receiver has a problem None" in str(found["last"])


def test_problems_of_300_megabytes(tmp_path: Path) -> None:
    found = sync(
        tmp_path,
        NOTHING_NEEDED
        + """
channel.send_many([["problem", None, "x" * 4096]] * 75_000)
channel.send(["done", {}])
""",
    )
    assert found["errors"] == 1001
    assert found["text"] < 1_100_000  # type: ignore[operator]


def test_a_hundred_thousand_problems(tmp_path: Path) -> None:
    found = sync(
        tmp_path,
        NOTHING_NEEDED
        + """
channel.send_many([["problem", None, "x" * 500]] * 100_000)
channel.send(["done", {}])
""",
    )
    assert (found["errors"], found["last"]) == (1001, "99000 more errors, which are not listed")
    assert found["text"] < 700_000  # type: ignore[operator]


def test_problems_of_things_that_nobody_waits_for_do_not_keep_it_waiting(tmp_path: Path) -> None:
    found = sync(
        tmp_path,
        NOTHING_NEEDED + "while True: channel.send(['problem', 2, 'x'])",
        rsync={"busy_timeout": 1.0},
    )
    assert "busy_timeout= allows more" in str(found["last"])


def test_paths_of_400_megabytes_that_were_removed(tmp_path: Path) -> None:
    found = sync(
        tmp_path,
        NOTHING_NEEDED
        + """
for _ in range(400):
    channel.send(["removed", b"x" * 1_000_000])
channel.send(["done", {}])
""",
        most_mb=MOST_GROWTH_MB + 34,
        delete=True,
    )
    assert found["removed"] == [33, 400]
    assert found["errors"] == 0


@pytest.mark.parametrize(
    ("delete", "words"),
    [(False, "without being asked to"), (True, "without a name")],
    ids=["without delete", "empty names"],
)
def test_what_was_removed_without_being_asked(tmp_path: Path, delete: bool, words: str) -> None:
    receiver = NOTHING_NEEDED + "while True: channel.send(['removed', b'\\0' * 60_000])"
    assert words in str(sync(tmp_path, receiver, delete=delete)["last"])


def test_whole_again_and_again(tmp_path: Path) -> None:
    found = sync(
        tmp_path,
        HEAD
        + r"""
channel.send(["needs", 1, b"\0\0\0\2", b"\1"])
channel.send(["needs", 3, b"", b""])
while True:
    channel.send(["whole", 2])
""",
    )
    assert "wants all of 'b' again" in str(found["last"])


@pytest.mark.parametrize("said", ["'busy'", "'got', b''", "'plan', b'', b''"])
def test_busy_for_ever(tmp_path: Path, said: str) -> None:
    found = sync(
        tmp_path,
        NOTHING_NEEDED + f"while True: channel.send([{said}])",
        rsync={"busy_timeout": 1.0, "stall_timeout": None},
    )
    assert found["last"] == (
        "for 1 s the receiver has said that it is at work, without any progress; busy_timeout= allows more"
    )
    assert 1.0 <= found["seconds"] < 20  # type: ignore[operator]


@pytest.mark.parametrize("said", ["'needs', 1, b'1234' * 10**7, b''", "'got', b'1234' * 10**7"])
def test_more_numbers_than_there_are_entries(tmp_path: Path, said: str) -> None:
    """They would take ten times their bytes; the message itself is bounded by the connection's limits."""
    found = sync(tmp_path, HEAD + f"channel.send([{said}])", most_mb=MOST_GROWTH_MB + 3 * 40)
    assert "10000000 numbers where at most" in str(found["last"])


def test_a_message_that_is_none_is_not_shown_as_a_whole(tmp_path: Path) -> None:
    found = sync(tmp_path, HEAD + "channel.send(['nonsense', ['x' * 100] * 20_000, b'y' * 4_000_000])")
    assert str(found["last"]).startswith("the receiver said ['nonsense', <list>, b'yyy")
    assert found["text"] < 300  # type: ignore[operator]


class Stopped:
    """A gateway whose process does nothing, and whose connection takes nothing any more."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        os.kill(gateway.pid, signal.SIGSTOP)
        channels = [gateway.newchannel() for _ in range(4)]
        self._threads = [threading.Thread(target=self._fill, args=(one,), daemon=True) for one in channels]
        for thread in self._threads:
            thread.start()

    def _fill(self, channel: object) -> None:
        try:
            channel.send(b"x" * 3_000_000)  # type: ignore[attr-defined]
        except OSError:
            pass  # its process has ended

    def go_on(self) -> None:
        self._gateway._io.kill_now()
        for thread in self._threads:
            thread.join(200)
            assert not thread.is_alive()


@pytest.mark.parametrize("model", ["thread", "main_thread_only"])
def test_a_connection_that_takes_nothing_is_not_waited_for(
    gateways: Gateways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Not even its channel can be opened; the other targets are served."""
    monkeypatch.setattr(run, "PATIENCE_S", 0.5)
    source = write(tmp_path / "source" / "file", "content").parent
    stuck, other = gateways(f"popen//id=stuck//execmodel={model}"), gateways("popen//id=other")
    stopped = Stopped(stuck)
    try:
        rsync = RSync(source, verbose=False, stall_timeout=busy())
        for gateway, name in (stuck, "one"), (stuck, "two"), (other, "copy"):
            rsync.add_target(gateway, tmp_path / name)
        with pytest.raises(
            SyncError, match=r"stuck:.*one: the receiver has not been heard from for"
        ) as caught:
            rsync.send()
    finally:
        stopped.go_on()
    assert [bool(target.errors) for target in caught.value.result.targets] == [True, True, False]
    assert look(tmp_path / "copy") == look(source)
