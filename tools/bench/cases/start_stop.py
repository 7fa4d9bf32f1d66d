"""How long it takes to start 20 workers, hear from each of them once, and end them, in milliseconds."""

from __future__ import annotations

from time import perf_counter

from bench.links import load
from bench.roles import ONE_ROUND_TRIP

WORKERS = 20


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure the whole and its two halves. Every worker answers, so none is counted that is not up."""
    count = 4 if quick else WORKERS
    peer = load(implementation)
    started = perf_counter()
    links, stop = peer.start_many(count, ONE_ROUND_TRIP)
    for link in links:
        link.send(1)
    answers = [link.receive() for link in links]
    up = perf_counter()
    stop()
    down = perf_counter()
    if answers != [2] * count:
        raise AssertionError(f"{count} workers should have answered 2; the answers were {answers}")
    return {
        "start_stop_20": (down - started) * 1e3,
        "start_20": (up - started) * 1e3,
        "stop_20": (down - up) * 1e3,
    }
