"""The codec of the bare worker, pure Python, against execnet's serializer, on the same data.

`tools/bare_codec_bench.py` shows each kind of data, on every interpreter.
"""

from __future__ import annotations

import math
from time import perf_counter

from bench.median import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DATA: tuple[Any, ...] = (
    7,
    "abcdefghij",
    {"id": 12345, "name": "test_something", "ok": True, "t": 1.25},
    list(range(1000)),
    [f"text {number}" for number in range(1000)],
    [{"n": number, "name": "x", "v": number / 2.0} for number in range(1000)],
    [((number, (number, None)), ("a", b"b")) for number in range(200)],
    b"x" * 1_000_000,
)


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure both directions; each figure is the geometric mean over the kinds of data."""
    encode, decode = _execnet() if implementation == "execnet" else _ours()
    seconds = 0.002 if quick else 0.02
    encoded = [encode(item) for item in DATA]
    return {
        "bare_encode": _mean([_once_us(encode, item, seconds) for item in DATA]),
        "bare_decode": _mean([_once_us(decode, data, seconds) for data in encoded]),
    }


def _execnet() -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    from execnet.gateway_base import dumps, loads

    return dumps, loads


def _ours() -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    from xnet_gateway.bare.worker import decoding, encoding

    table = decoding.make_table(True, False, None)
    return encoding.encode, lambda data: decoding.decode(table, data)


def _once_us(function: Callable[[Any], Any], argument: Any, seconds: float) -> float:
    count = 1
    while True:
        times = []
        for _ in range(3):
            started = perf_counter()
            for _ in range(count):
                function(argument)
            times.append(perf_counter() - started)
        if median(times) > seconds:
            return median(times) / count * 1e6
        count *= 2


def _mean(figures: list[float]) -> float:
    return math.exp(sum(map(math.log, figures)) / len(figures))
