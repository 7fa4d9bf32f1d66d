"""Traffic for minutes with closes, deaths and interrupts; many starts and ends; many workers at once.

Every item has to arrive once and in order, and afterwards nothing may be left.
"""

from __future__ import annotations

import argparse
import time
from typing import Final

from soak.leaks import Held
from soak.minutes import Soak
from xnet_group.group import Group

#: How much resident memory may be left over, in bytes.
GROWTH_BYTES: Final = 48 * 1024 * 1024
WARM_UP_CYCLES: Final = 20
BATCH: Final = 50


def main(argv: list[str]) -> int:
    """Run the command; return its exit status: 0 if all is well, else 1."""
    parser = argparse.ArgumentParser(prog="tools/dev.py soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to run traffic (default 1)")
    parser.add_argument(
        "--cycles", type=int, default=100, help="how often to start and end one worker (default 100)"
    )
    parser.add_argument(
        "--workers", type=int, default=50, help=f"how many to start, {BATCH} at a time (default 50)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random choices; timing still varies")
    options = parser.parse_args(argv)
    start_and_end(WARM_UP_CYCLES)
    problems = soak(options.minutes, options.seed) if options.minutes else []
    problems += _measured(f"{options.cycles} starts and ends", lambda: start_and_end(options.cycles))
    problems += _measured(
        f"{options.workers} workers, {BATCH} at a time", lambda: start_many(options.workers)
    )
    for problem in problems:
        print("FOUND", problem)
    print(f"{len(problems)} found" if problems else "nothing found")
    return 1 if problems else 0


def soak(minutes: float, seed: int) -> list[str]:
    """Run traffic; return what was wrong."""
    held = Held.now()
    run = Soak(seed)
    run.run(minutes * 60)
    print(
        f"{minutes:g} minutes:",
        ", ".join(f"{count} {name}" for name, count in sorted(run.counts.items())),
        flush=True,
    )
    return run.faults + held.left(GROWTH_BYTES)


def _measured(name: str, action: object) -> list[str]:
    held = Held.now()
    began_s = time.monotonic()
    action()  # type: ignore[operator]
    seconds = time.monotonic() - began_s
    problems = held.left(GROWTH_BYTES)
    grown = (Held.now().resident_bytes - held.resident_bytes) / 1e6
    print(f"{name}: {seconds:.1f} s, grown by {grown:.1f} MB", flush=True)
    return [f"after {name}: {problem}" for problem in problems]


def start_and_end(count: int) -> None:
    """Start a worker, have it answer, end it."""
    for number in range(count):
        with Group() as group:
            channel = group.makegateway("popen").remote_exec("channel.send(channel.receive())")
            channel.send(number)
            assert channel.receive(60) == number


def start_many(count: int) -> None:
    """Start workers side by side, have each answer, end them all."""
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        with Group() as group:
            group.makegateways(["popen"] * size)
            channels = group.remote_exec("import os; channel.send(os.getpid())")
            assert len(set(channels.receive_each())) == size
