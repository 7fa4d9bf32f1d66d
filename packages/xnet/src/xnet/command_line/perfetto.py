"""A timeline in the Trace Event Format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.

Each process of the trace is a process, with a track of the frames it has sent and one of those it has
received for each of its connections; frames are slices, joined by arrows, and channels are spans.
"""

from __future__ import annotations

import json

from xnet.command_line.trace_reading import SENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet.command_line.timeline import End, Moment, Timeline

#: How long a frame is drawn, in microseconds, unless the next on its track comes sooner.
SLICE_US: Final = 1.0
#: Frames that begin and end an execution's channel.
_BEGINS: Final = "CHANNEL_EXEC"
_ENDS: Final = frozenset({"CHANNEL_CLOSE", "CHANNEL_CLOSE_ERROR"})


def write_events(timeline: Timeline, write: Callable[[str], object]) -> int:
    """Write a timeline; return how many entries there were.

    Args:
        timeline: What to write. Where it has no times at all, entries are a microsecond apart.
        write: Takes pieces of the file, in order.

    Raises:
        OSError: A trace cannot be read, or ``write`` fails.
    """
    clock = "time since the first entry" if timeline.has_times else "order only: the traces have no times"
    head = {"displayTimeUnit": "ns", "otherData": {"clock": clock}}
    write(json.dumps(head)[:-1] + ', "traceEvents": [\n')
    writer = _Writer(timeline, write)
    count = 0
    for moment in timeline.moments():
        writer.add(moment)
        count += 1
    writer.end()
    write("\n]}\n")
    return count


class _Writer:
    def __init__(self, timeline: Timeline, write: Callable[[str], object]) -> None:
        self._write = write
        self._separator = ""
        self._has_times = timeline.has_times
        self._peers = timeline.peers
        self._now_us = 0.0
        self._tracks: dict[tuple[End, str], int] = {}
        self._numbers = {end: number for number, end in enumerate(timeline.counts)}
        #: The last slice of each track, whose length the next one decides.
        self._open: dict[int, dict[str, object]] = {}
        #: Channels that have begun and not ended, with how many ends they have had.
        self._channels: dict[tuple[End, int], dict[str, object]] = {}
        named: set[int] = set()
        for end in timeline.counts:
            pid, side, again = end
            if pid not in named:
                named.add(pid)
                self._emit({"ph": "M", "name": "process_name", "pid": pid, "args": {"name": side}})
            for direction, place in ((SENT, 1), ("received", 2), ("", 3)):
                track = len(self._tracks) + 1
                self._tracks[end, direction] = track
                words = direction or "events"
                name = f"{side} {words}" if not again else f"{side} ({again + 1}) {words}"
                self._emit(
                    {"ph": "M", "name": "thread_name", "pid": pid, "tid": track, "args": {"name": name}}
                )
                self._emit(
                    {
                        "ph": "M",
                        "name": "thread_sort_index",
                        "pid": pid,
                        "tid": track,
                        "args": {"sort_index": 4 * self._numbers[end] + place},
                    }
                )

    def add(self, moment: Moment) -> None:
        """Write an entry."""
        entry = moment.entry
        if not self._has_times:
            self._now_us += SLICE_US
        elif moment.ns is not None:
            self._now_us = moment.ns / 1000
        track = self._tracks[moment.end, entry.direction]
        where: dict[str, object] = {"ts": self._now_us, "pid": entry.pid, "tid": track}
        if not entry.direction:
            self._emit({"name": entry.event, "cat": "event", "ph": "i", "s": "t", **where})
            return
        self._close(track, self._now_us)
        self._open[track] = {
            "name": entry.kind,
            "cat": "frame",
            "ph": "X",
            **where,
            "args": {"channel": entry.channel, "length": entry.length, "direction": entry.direction},
        }
        peer = self._peers.get(moment.end)
        if peer is not None:
            # The same on both sides: the sender, and which of its frames.
            sender = moment.end if entry.direction == SENT else peer
            arrow = {
                "name": "frame",
                "cat": "frame",
                "id": f"{self._numbers[sender]}.{moment.number}",
                **where,
            }
            self._emit({"ph": "s", **arrow} if entry.direction == SENT else {"ph": "f", "bp": "e", **arrow})
        self._span(moment, where)

    def _span(self, moment: Moment, where: dict[str, object]) -> None:
        entry = moment.entry
        key = (moment.end, entry.channel)
        span = {
            "name": f"channel {entry.channel}",
            "cat": "channel",
            "id": f"{self._numbers[moment.end]}/{entry.channel}",
            **where,
        }
        if entry.kind == _BEGINS and key not in self._channels:
            self._channels[key] = span
            self._emit({"ph": "b", **span})
        elif entry.kind in _ENDS and key in self._channels:
            del self._channels[key]
            self._emit({"ph": "e", **span})

    def end(self) -> None:
        """Write what is open."""
        for track in list(self._open):
            self._close(track, self._now_us + SLICE_US)
        for span in self._channels.values():
            self._emit({"ph": "e", **span, "ts": self._now_us})

    def _close(self, track: int, now_us: float) -> None:
        last = self._open.pop(track, None)
        if last is not None:
            began_us = last["ts"]
            if isinstance(began_us, float):
                # On one track slices must not overlap.
                self._emit({**last, "dur": max(0.0, min(SLICE_US, now_us - began_us))})

    def _emit(self, event: dict[str, object]) -> None:
        self._write(self._separator + json.dumps(event))
        self._separator = ",\n"
