"""How many small dicts a second go one way, each decoded and handed to the application at the other end."""

from __future__ import annotations

from time import perf_counter

from bench.links import Implementation, Link, load
from bench.median import median
from bench.roles import CONSUME, PRODUCE, PRODUCE_TOGETHER

BATCHES = 5


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure both directions with one send per dict; where there is `send_many`, also with that."""
    count = 1000 if quick else 8000
    peer = load(implementation)
    figures = {
        "dicts_to_initiator": _to_initiator(peer.start(PRODUCE), count),
        "dicts_to_worker": _to_worker(peer, count, together=False),
    }
    if peer.has_send_many:
        figures["dicts_to_initiator_many"] = _to_initiator(peer.start(PRODUCE_TOGETHER, together=True), count)
        figures["dicts_to_worker_many"] = _to_worker(peer, count, together=True)
    return figures


def _to_initiator(link: Link, count: int) -> float:
    send, receive = link.send, link.receive
    rates = []
    for _ in range(BATCHES + 1):
        started = perf_counter()
        send(count)
        total = 0
        for _ in range(count):
            total += receive()["id"]
        rates.append(count / (perf_counter() - started))
        _check(total, count)
    send(None)
    link.stop()
    return median(rates[1:])


def _to_worker(peer: Implementation, count: int, together: bool) -> float:
    link = peer.start(CONSUME)
    send, receive = link.send, link.receive
    rates = []
    for _ in range(BATCHES + 1):
        started = perf_counter()
        send(count)
        if together and link.send_many is not None:
            link.send_many({"id": n, "name": "item", "value": 0.5, "ok": True} for n in range(count))
        else:
            for number in range(count):
                send({"id": number, "name": "item", "value": 0.5, "ok": True})
        total = receive()  # the acknowledgement: the worker has looked into every one of them
        rates.append(count / (perf_counter() - started))
        _check(total, count)
    send(None)
    link.stop()
    return median(rates[1:])


def _check(total: int, count: int) -> None:
    if total != count * (count - 1) // 2:
        raise AssertionError(f"the ids of {count} dicts add up to {total}: some were lost or came twice")
