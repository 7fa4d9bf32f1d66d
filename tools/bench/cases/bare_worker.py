"""A worker on an interpreter that has nothing of ours: start, round trip, rate. By `popen//python=`."""

from __future__ import annotations

import os
from time import perf_counter

from bench.gateway_links import Gateways
from bench.interpreters import another_version, same_version
from bench.median import median
from bench.roles import CONSUME, ECHO, ONE_RESULT, PRODUCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.links import Link

BATCHES = 9
STARTS = 5


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure with an interpreter of our version and, for the start, with one of another if there is one."""
    gateways = Gateways(implementation)
    same = f"popen//python={same_version()}"
    figures = {"bare_start": _start_ms(gateways, same, quick)}
    other = another_version()
    if other is not None:
        figures["bare_start_other"] = _start_ms(gateways, f"popen//python={other}", quick)
    count = 1_000 if quick else 20_000
    figures["bare_dicts_to_initiator"] = _produced(gateways.start(PRODUCE, spec=same), count)
    figures["bare_dicts_to_worker"] = _consumed(gateways.start(CONSUME, spec=same), count)
    trips = 50 if quick else 300
    figures["bare_round_trip"] = _round_trip_us(gateways.start(ECHO, spec=same), trips)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        figures["bare_round_trip_pinned"] = _round_trip_us(gateways.start(ECHO, spec=same), trips)
    return figures


def _start_ms(gateways: Gateways, spec: str, quick: bool) -> float:
    times = []
    for _ in range(2 if quick else STARTS):
        started = perf_counter()
        link = gateways.start(ONE_RESULT, spec=spec)
        if link.receive() != 42:
            raise AssertionError(f"the worker of {spec} should have sent 42")
        times.append(perf_counter() - started)
        link.stop()
    return median(times[1:]) * 1e3  # the first one loads what starts interpreters


def _round_trip_us(link: Link, trips: int) -> float:
    send, receive = link.send, link.receive
    batches = []
    for _ in range(BATCHES + 1):
        started = perf_counter()
        for number in range(trips):
            send(number)
            if receive() != number:
                raise AssertionError(f"sent {number}, and something else came back")
        batches.append((perf_counter() - started) / trips)
    send(None)
    link.stop()
    return median(batches[1:]) * 1e6


def _produced(link: Link, count: int) -> float:
    def once() -> float:
        started = perf_counter()
        link.send(count)
        for _ in range(count):
            link.receive()
        return perf_counter() - started

    return _rate(link, count, once)


def _consumed(link: Link, count: int) -> float:
    def once() -> float:
        send = link.send
        started = perf_counter()
        send(count)
        for number in range(count):
            send({"id": number, "name": "item", "value": 0.5, "ok": True})
        if link.receive() != count * (count - 1) // 2:
            raise AssertionError("the worker has not got all of them")
        return perf_counter() - started

    return _rate(link, count, once)


def _rate(link: Link, count: int, once: Callable[[], float]) -> float:
    once()  # the warm-up
    elapsed = median([once() for _ in range(3)])
    link.send(None)
    link.stop()
    return count / elapsed
