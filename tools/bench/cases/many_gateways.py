"""What 200 workers cost the process that started them: threads in all, and resident memory (Linux)."""

from __future__ import annotations

import os

from bench.cases.memory import read_smaps_rollup
from bench.links import load
from bench.roles import ONE_ROUND_TRIP

WORKERS = 200


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Count while all of them are up and have answered once."""
    links, stop = load(implementation).start_many(10 if quick else WORKERS, ONE_ROUND_TRIP)
    for link in links:
        link.send(1)
    for link in links:
        link.receive()
    threads = len(os.listdir("/proc/self/task"))
    memory = read_smaps_rollup(os.getpid())["Rss"] / 1024
    stop()
    return {"threads_200": threads, "initiator_rss_200": memory}
