"""How long a small int takes to the worker and back, in microseconds."""

from __future__ import annotations

import os
from time import perf_counter

from bench.links import load
from bench.median import median
from bench.roles import ECHO

BATCHES = 9


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure with both processes free to move, then with the two of another pair pinned to one core."""
    trips = 50 if quick else 300
    figures = {"round_trip": _measure(implementation, trips)}
    if hasattr(os, "sched_setaffinity"):
        # The worker inherits this. What is left is the cost of the code: no wake-up of another core.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        figures["round_trip_pinned"] = _measure(implementation, trips)
    return figures


def _measure(implementation: str, trips: int) -> float:
    link = load(implementation).start(ECHO)
    send, receive = link.send, link.receive
    batches = []
    for _ in range(BATCHES + 1):
        started = perf_counter()
        for number in range(trips):
            send(number)
            answer = receive()
            if answer != number:
                raise AssertionError(f"sent {number}, and {answer!r} came back")
        batches.append((perf_counter() - started) / trips)
    send(None)
    link.stop()
    return median(batches[1:]) * 1e6  # the first batch was the warm-up
