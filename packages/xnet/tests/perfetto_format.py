"""The Trace Event Format, as far as we write it.

The rules are those of its description: the object form has ``traceEvents``; every event has ``ph``, ``pid``
and, but for names of processes, ``tid`` and ``ts`` in microseconds; ``X`` has ``dur``; slices of one track
follow one another; ``s`` and ``f`` have one ``id`` and lie within slices; ``b`` and ``e`` have ``id``, too.
"""

from __future__ import annotations

import itertools
from typing import Any

KEYS = {
    "M": {"name", "ph", "pid", "args"},
    "X": {"name", "cat", "ph", "pid", "tid", "ts", "dur", "args"},
    "i": {"name", "cat", "ph", "pid", "tid", "ts", "s"},
    "s": {"name", "cat", "ph", "pid", "tid", "ts", "id"},
    "f": {"name", "cat", "ph", "pid", "tid", "ts", "id", "bp"},
    "b": {"name", "cat", "ph", "pid", "tid", "ts", "id"},
    "e": {"name", "cat", "ph", "pid", "tid", "ts", "id"},
}


def check_format(events: list[dict[str, Any]]) -> None:
    slices: dict[int, list[tuple[float, float]]] = {}
    for event in events:
        wanted = KEYS[event["ph"]] | ({"tid"} if event["name"].startswith("thread_") else set())
        assert set(event) == wanted, event
        assert isinstance(event["pid"], int)
        assert event["ph"] == "M" or (isinstance(event["ts"], float) and event["ts"] >= 0)
        if event["ph"] == "X":
            assert event["dur"] >= 0
            slices.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    for track in slices.values():
        track.sort()
        assert all(one[1] <= other[0] + 1e-6 for one, other in itertools.pairwise(track))
    for event in events:
        if event["ph"] in "sf":
            assert any(begin <= event["ts"] <= end for begin, end in slices[event["tid"]]), event
