"""What is measured: a sync to all targets, by each of the implementations."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

CHILD = Path(__file__).with_name("child.py")
#: The longest that a sync may take, in seconds.
LIMIT_S = 1800.0


@frozen
class Figures:
    """What one sync came to.

    Attributes:
        seconds: Until all targets had everything.
        cpu_s: Processor time of all processes on this machine, except those started by sshd.
        sent: Bytes sent to and from one target; None if the implementation does not tell.
        sender_kb, receiver_kb: Most memory that a process had; None if it was not looked at.
    """

    seconds: float
    cpu_s: float
    sent: int | None = None
    sender_kb: int | None = None
    receiver_kb: int | None = None


@frozen
class Targets:
    """Where the trees go.

    Attributes:
        destinations: One folder each.
        ssh_config: For targets over ssh, the configuration that names the host ``here``; None: local ones.
    """

    destinations: Sequence[Path]
    ssh_config: Path | None = None

    def specs(self) -> list[str]:
        """Return the specifications of the gateways."""
        if self.ssh_config is None:
            return ["popen"] * len(self.destinations)
        spec = f"ssh=here//ssh_config={self.ssh_config}//python={sys.executable}"
        return [spec] * len(self.destinations)

    def rsync_commands(self, source: Path, *options: str) -> list[list[str]]:
        """Return the commands of the program rsync, one for each target."""
        there = "here:" if self.ssh_config is not None else ""
        remote = ["-e", f"ssh -F {self.ssh_config}"] if there else []
        return [
            ["rsync", "-a", *remote, *options, f"{source}/", f"{there}{destination}/"]
            for destination in self.destinations
        ]


def run_xnet(source: Path, targets: Targets) -> Figures:
    """Sync with xnet."""
    return _run_child("xnet", source, targets)


def run_execnet(source: Path, targets: Targets) -> Figures:
    """Sync with the installed execnet."""
    return _run_child("execnet", source, targets)


def run_rsync(source: Path, targets: Targets) -> Figures:
    """Run the program rsync for one target after the other."""
    began_s, spent_s = time.perf_counter(), _spent_s()
    for command in targets.rsync_commands(source):
        subprocess.run(command, check=True, timeout=LIMIT_S)
    return Figures(time.perf_counter() - began_s, _spent_s() - spent_s)


def run_rsync_parallel(source: Path, targets: Targets) -> Figures:
    """Run one process of the program rsync for each target, all at the same time."""
    began_s, spent_s = time.perf_counter(), _spent_s()
    running = [subprocess.Popen(command) for command in targets.rsync_commands(source)]
    statuses = [process.wait(LIMIT_S) for process in running]
    seconds = time.perf_counter() - began_s
    if any(statuses):
        raise subprocess.CalledProcessError(max(statuses), "rsync")
    return Figures(seconds, _spent_s() - spent_s)


def run_rsync_delta(source: Path, targets: Targets) -> Figures:
    """Run the program rsync as over a network, which locally it is not; for the bytes that travel."""
    (command,) = targets.rsync_commands(source, "--no-whole-file", "--stats")
    began_s, spent_s = time.perf_counter(), _spent_s()
    done = subprocess.run(command, check=True, timeout=LIMIT_S, capture_output=True, text=True)
    return Figures(time.perf_counter() - began_s, _spent_s() - spent_s, read_bytes(done.stdout))


def _spent_s() -> float:
    """Return what processes that have been waited for have spent, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_bytes(stats: str) -> int:
    """Return how many bytes travelled, in both directions, from what ``rsync --stats`` prints.

    Raises:
        ValueError: It does not say so.
    """
    found = re.findall(r"^Total bytes (?:sent|received): ([\d,.]+)$", stats, re.MULTILINE)
    if len(found) != 2:
        raise ValueError(f"rsync --stats did not print two totals: {stats[-500:]!r}")
    return sum(int(re.sub(r"\D", "", number)) for number in found)


def _run_child(implementation: str, source: Path, targets: Targets) -> Figures:
    task = {
        "specs": targets.specs(),
        "source": str(source),
        "destinations": [str(path) for path in targets.destinations],
    }
    done = subprocess.run(
        [sys.executable, str(CHILD), implementation],
        input=json.dumps(task),
        check=True,
        timeout=LIMIT_S,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    return Figures(*[figures[name] for name in ("seconds", "cpu", "sent", "sender", "receiver")])


IMPLEMENTATIONS: dict[str, Callable[[Path, Targets], Figures]] = {
    "xnet": run_xnet,
    "execnet": run_execnet,
    "rsync": run_rsync,
    "rsync parallel": run_rsync_parallel,
    "rsync delta": run_rsync_delta,
}
