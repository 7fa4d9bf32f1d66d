"""`python3 tools/dev.py demo`: several interpreters at work, data streaming both ways, every result checked.

Each worker first computes something (it counts primes), then gets a stream of blocks, scrambles each and
sends it back, while both sides keep a checksum of what they saw. The exit status is 0 only if all is right.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

import xnet

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK_BYTES = 256 * 1024
# Each worker counts the primes of one slice of 10,000 numbers; how many there are in all is well known.
SLICE = 10_000
PRIMES_BELOW = {10_000: 1229, 20_000: 2262, 30_000: 3245, 40_000: 4203, 50_000: 5133, 60_000: 6057}
PRIMES_BELOW |= {70_000: 6935, 80_000: 7837}


def count_primes(channel: Any, start: int, stop: int) -> None:
    """Run in a worker: send its process id, then the number of primes from `start` up to `stop`."""
    import os
    import sys

    channel.send({"pid": os.getpid(), "python": "{}.{}.{}".format(*sys.version_info[:3])})
    found = 0
    for number in range(max(start, 2), stop):
        if all(number % divisor for divisor in range(2, int(number**0.5) + 1)):
            found += 1
    channel.send(found)


def scramble(channel: Any, table: bytes) -> None:
    """Run in a worker: send each block back with its bytes exchanged by `table`, then say what came."""
    import hashlib

    seen = hashlib.sha256()
    count = 0
    for block in iter(channel.receive, None):
        seen.update(block)
        count += len(block)
        channel.send(block.translate(table))
    channel.send({"bytes": count, "sha256": seen.hexdigest()})


@dataclass
class Job:
    """What one worker did, and what it should have done."""

    name: str
    pid: int = 0
    python: str = "?"
    primes: int = 0
    first_result_ms: float = 0.0
    sent_bytes: int = 0
    returned_bytes: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


class Progress:
    """How far each stream is: one line redrawn on a terminal, a line per quarter otherwise."""

    def __init__(self, jobs: Sequence[Job], total_bytes: int, out: TextIO) -> None:
        self._jobs = jobs
        self._total_bytes = total_bytes
        self._out = out
        self._live = out.isatty()
        self._quarters = 0

    def show(self) -> None:
        """Draw the present state, if it has changed enough to be worth a line."""
        if self._live:
            bars = "  ".join(f"{job.name} {self._bar(job)}" for job in self._jobs)
            self._out.write(f"\r  {bars}")
            self._out.flush()
            return
        returned = sum(job.returned_bytes for job in self._jobs)
        quarters = 4 * returned // (self._total_bytes * len(self._jobs))
        if quarters > self._quarters:
            self._quarters = quarters
            self._out.write(f"  {25 * quarters:3} % of the blocks are back\n")
            self._out.flush()

    def end(self) -> None:
        """Draw the last state and leave the line."""
        self.show()
        if self._live:
            self._out.write("\n")

    def _bar(self, job: Job) -> str:
        tenths = 10 * job.returned_bytes // self._total_bytes
        return f"[{'#' * tenths}{'.' * (10 - tenths)}]"


def main(argv: Sequence[str]) -> int:
    """Run the demo; return 0 only if every result is right."""
    parser = argparse.ArgumentParser(prog="tools/dev.py demo", description=__doc__)
    parser.add_argument("--workers", type=int, default=4, choices=range(1, 9), metavar="1-8")
    parser.add_argument(
        "--megabytes", type=int, default=16, help="sent to each worker, and back (default 16)"
    )
    options = parser.parse_args(argv)
    total_bytes = max(options.megabytes, 1) * 1024 * 1024
    jobs = [Job(name=f"worker{number}") for number in range(1, options.workers + 1)]

    with xnet.Group() as group:
        started = time.monotonic()
        gateways = group.makegateways([f"popen//id={job.name}" for job in jobs])
        print(f"{len(gateways)} interpreters are up after {1000 * (time.monotonic() - started):.0f} ms")
        _count(jobs, gateways)
        print(f"streaming {total_bytes >> 20} MB to each and back, in blocks of {BLOCK_BYTES >> 10} kB:")
        _stream(jobs, gateways, total_bytes)
    _print_table(jobs)
    problems = [f"{job.name}: {problem}" for job in jobs for problem in job.problems]
    for problem in problems:
        print(f"WRONG: {problem}")
    print("something went wrong" if problems else "every result is right")
    return 1 if problems else 0


def _count(jobs: Sequence[Job], gateways: Sequence[xnet.Gateway]) -> None:
    """Let each worker count the primes of its slice, all at the same time."""
    started = time.monotonic()
    channels = [
        gateway.remote_exec(count_primes, start=SLICE * number, stop=SLICE * (number + 1))
        for number, gateway in enumerate(gateways)
    ]
    for job, channel in zip(jobs, channels, strict=True):
        who = channel.receive()
        job.pid, job.python = who["pid"], who["python"]
        job.first_result_ms = 1000 * (time.monotonic() - started)
    for job, channel in zip(jobs, channels, strict=True):
        job.primes = channel.receive()
        channel.waitclose()
    found, right = sum(job.primes for job in jobs), PRIMES_BELOW[SLICE * len(jobs)]
    print(f"together they found {found} primes below {SLICE * len(jobs)}")
    if found != right:
        jobs[0].problems.append(f"{found} primes were found by all together, and there are {right}")


def _stream(jobs: Sequence[Job], gateways: Sequence[xnet.Gateway], total_bytes: int) -> None:
    """Stream to all workers at once: a thread each, and this one draws."""
    progress = Progress(jobs, total_bytes, sys.stdout)
    threads = [
        threading.Thread(target=_stream_one, args=(job, gateway, total_bytes), name=job.name)
        for job, gateway in zip(jobs, gateways, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            progress.show()
            thread.join(timeout=0.1)
    progress.end()


def _stream_one(job: Job, gateway: xnet.Gateway, total_bytes: int) -> None:
    try:
        _exchange(job, gateway, total_bytes)
    except Exception as error:  # noqa: BLE001 - whatever it is belongs to the report of this worker
        job.problems.append(f"{type(error).__name__}: {error}")


def _exchange(job: Job, gateway: xnet.Gateway, total_bytes: int) -> None:
    """Send all blocks from a second thread while the scrambled ones are received here."""
    blocks = random.Random(job.name)
    table = bytes(blocks.sample(range(256), 256))
    block = blocks.randbytes(BLOCK_BYTES)
    numbers = range(total_bytes // BLOCK_BYTES)
    sent, expected, returned = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    started = time.monotonic()
    channel = gateway.remote_exec(scramble, table=table)

    def send_all() -> None:
        for number in numbers:
            piece = number.to_bytes(4, "big") + block[4:]  # no two blocks are equal
            sent.update(piece)
            expected.update(piece.translate(table))
            job.sent_bytes += len(piece)
            channel.send(piece)
        channel.send(None)

    sender = threading.Thread(target=send_all, name=f"{job.name}-sender", daemon=True)
    sender.start()
    for _ in numbers:
        piece = channel.receive()
        returned.update(piece)
        job.returned_bytes += len(piece)
    seen = channel.receive()
    sender.join()
    channel.waitclose()
    job.seconds = time.monotonic() - started
    if (seen["bytes"], seen["sha256"]) != (total_bytes, sent.hexdigest()):
        job.problems.append(f"got {seen['bytes']} bytes that are not those sent to it")
    if returned.digest() != expected.digest():
        job.problems.append("the scrambled blocks are not what they should be")


def _print_table(jobs: Sequence[Job]) -> None:
    print()
    print("worker       pid  python    first answer  primes   MB to it  MB back  seconds   MB/s")
    for job in jobs:
        megabytes = (job.sent_bytes + job.returned_bytes) / 2**20
        print(
            f"{job.name:8}{job.pid:8}  {job.python:8}{job.first_result_ms:11.1f} ms{job.primes:8}"
            f"{job.sent_bytes / 2**20:11.0f}{job.returned_bytes / 2**20:9.0f}{job.seconds:9.2f}"
            f"{megabytes / job.seconds if job.seconds else 0:7.0f}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
