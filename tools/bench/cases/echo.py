"""How fast large bytes go to the worker and back, in MB/s: the size of the item by the time for both ways."""

from __future__ import annotations

from time import perf_counter

from bench.links import Link, load
from bench.median import median
from bench.roles import ECHO

MB = 1_000_000


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure items of 1 MB and of 64 MB over one link."""
    link = load(implementation).start(ECHO)
    figures = {
        "echo_1mb": _measure(link, 1, 5 if quick else 40),
        "echo_64mb": _measure(link, 64, 1 if quick else 3),
    }
    link.send(None)
    link.stop()
    return figures


def _measure(link: Link, megabytes: int, times: int) -> float:
    item = bytes(range(250)) * (megabytes * MB // 250)
    rates = []
    for _ in range(times + 1):
        started = perf_counter()
        link.send(item)
        answer = link.receive()
        rates.append(megabytes / (perf_counter() - started))
        if answer != item:
            raise AssertionError(f"{len(item)} bytes were sent, other {len(answer)} bytes came back")
        del answer
    return median(rates[1:])
