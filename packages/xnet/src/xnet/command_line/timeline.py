"""Several traces as one timeline: in the order of their clocks, and no frame received before it was sent.

Clocks of one machine agree; those of two do not, and text has no times at all. But the nth frame that one
side has sent is the nth that the other has received: that gives text its place, and sets clocks right, by
the shortest times that a frame seems to have travelled in each direction.

Files are read twice and not held, but for the times of frames in the first reading (8 bytes each), and for
files in which lines of several processes stand, of which the lines of those wait that are behind.
"""

from __future__ import annotations

import heapq
from array import array
from collections import deque

from xnet.command_line.trace_reading import RECEIVED, SENT, WORKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Final

    from xnet.command_line.trace_reading import Entry, Reader

    #: One end of one connection: process, side, and the how many-th of that name in that process.
    End = tuple[int, str, int]
    Times = dict[tuple[End, str], array[int]]

#: What an initiator notes when it has started a worker.
_CONNECTING: Final = "connecting to pid "
#: On one clock, frames may seem to arrive so much before they were sent, in nanoseconds: the sender's line
#: may be written after the bytes.
SAME_CLOCK_NS: Final = 50_000_000
#: What takes longer on its way is rather a difference of clocks, in nanoseconds.
LONGEST_WAY_NS: Final = 60_000_000_000


class Moment:
    """An entry and its place.

    Attributes:
        entry: What happened.
        end: The end of a connection that it belongs to.
        ns: When, since the first of all, on one clock; None where no time is known.
        number: Which frame of its end and direction it is, from 0; -1 for an event.
    """

    __slots__ = ("end", "entry", "ns", "number")

    def __init__(self, entry: Entry, end: End, ns: int | None, number: int) -> None:
        self.entry = entry
        self.end = end
        self.ns = ns
        self.number = number


class Timeline:
    """The entries of some files.

    Attributes:
        counts: How many entries there are of each end, in the order of their first.
        peers: The other end of each connection of which both ends are there.
        shifts: By process, what must be added to its clock, in nanoseconds.
        has_times: Whether any entry has a time.
    """

    def __init__(self, readers: Sequence[Reader]) -> None:
        """Read all files once.

        Raises:
            OSError: One cannot be read.
        """
        self._readers = readers
        self._pids = [dict[int, None]() for _ in readers]
        self.counts: dict[End, int] = {}
        times: Times = {}
        first: dict[int, int] = {}
        ends = _Ends()
        for reader, pids in zip(readers, self._pids, strict=True):
            for entry in reader.entries():
                end = ends.end_of(entry)
                pids[entry.pid] = None
                self.counts[end] = self.counts.get(end, 0) + 1
                if entry.ns is not None:
                    first[entry.pid] = min(entry.ns, first.get(entry.pid, entry.ns))
                    if entry.direction:
                        times.setdefault((end, entry.direction), array("q")).append(entry.ns)
        self._aliases = _find_aliases(self.counts, ends.workers)
        for (pid, early), side in self._aliases.items():
            _merge(self.counts, times, (pid, early, 0), (pid, side, 0))
        self.has_times = bool(first)
        self.peers = _pair(self.counts, ends.workers)
        self.shifts = _set_clocks(times, self.peers, first)
        self._begin = min((ns + self.shifts[pid] for pid, ns in first.items()), default=0)

    def moments(self) -> Iterator[Moment]:
        """Read all files again, as one.

        Raises:
            OSError: One cannot be read.
        """
        ends = _Ends(self._aliases)
        sent: dict[End, int] = {}
        received: dict[End, int] = {}
        streams = [
            stream
            for reader, pids in zip(self._readers, self._pids, strict=True)
            for stream in _Source(reader, pids).streams
        ]
        #: Streams whose next entry may be next: (its time, which stream).
        ready = [
            (self._time(stream.next, 0), place) for place, stream in enumerate(streams) if stream.has_next()
        ]
        heapq.heapify(ready)
        #: Streams whose next entry is a frame that this end has not sent yet.
        waiting: dict[End, list[tuple[int, int]]] = {}
        while ready or waiting:
            if ready:
                time, place = heapq.heappop(ready)
                found = streams[place].next
                end = ends.peek(found)
                peer = self.peers.get(end)
                if found.direction == RECEIVED and peer and sent.get(peer, 0) <= received.get(end, 0):
                    waiting.setdefault(peer, []).append((time, place))
                    continue
            else:  # the beginning of a trace is missing: the first goes on without what it waits for
                time, place = _take_first(waiting)
            entry = streams[place].take()
            end = ends.end_of(entry)
            number = -1
            if entry.direction:
                counts = sent if entry.direction == SENT else received
                number = counts.get(end, 0)
                counts[end] = number + 1
                if entry.direction == SENT:
                    for one in waiting.pop(end, ()):
                        heapq.heappush(ready, one)
            yield Moment(entry, end, None if entry.ns is None else time, number)
            if streams[place].has_next():
                heapq.heappush(ready, (self._time(streams[place].next, time), place))

    def _time(self, entry: Entry, before: int) -> int:
        """Return the time of an entry, or that of the one before if it has none."""
        if entry.ns is None:
            return before
        return entry.ns + self.shifts[entry.pid] - self._begin


class _Ends:
    """Tells connections of one name apart: a process may have had several ``gw0``, one after the other."""

    def __init__(self, aliases: Mapping[tuple[int, str], str] | None = None) -> None:
        self._aliases = aliases or {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._greeted: set[End] = set()
        #: Process of the worker, by end of the initiator.
        self.workers: dict[End, int] = {}

    def peek(self, entry: Entry) -> End:
        """Return the end of an entry that does not begin one."""
        name = (entry.pid, entry.side)
        return entry.pid, self._aliases.get(name, entry.side), self._numbers.get(name, 0)

    def end_of(self, entry: Entry) -> End:
        """Return the end of the next entry."""
        name = (entry.pid, entry.side)
        connects = entry.event.startswith(_CONNECTING)
        greets = entry.kind == "HELLO" and entry.direction == SENT
        end = self.peek(entry)
        if (connects and (end in self._greeted or end in self.workers)) or (greets and end in self._greeted):
            self._numbers[name] = self._numbers.get(name, 0) + 1
            end = self.peek(entry)
        if connects:
            pid = entry.event[len(_CONNECTING) :].split(" ", 1)[0]
            self.workers[end] = int(pid) if pid.isascii() and pid.isdecimal() and len(pid) < 12 else 0
        elif greets:
            self._greeted.add(end)
        return end


def _find_aliases(ends: Mapping[End, int], workers: Mapping[End, int]) -> dict[tuple[int, str], str]:
    """Find what workers were called before they knew their ids: some name that ends in ``worker``."""
    known = {pid: side for pid, side, _ in ends if side.endswith(WORKER)}
    return {
        (pid, side): known[pid]
        for pid, side, number in ends
        if pid in known
        and side.endswith(WORKER[1:])
        and not side.endswith(WORKER)
        and not number
        and (pid, side, 0) not in workers
    }


def _merge(counts: dict[End, int], times: Times, early: End, end: End) -> None:
    counts[end] += counts.pop(early)
    for direction in (SENT, RECEIVED):
        first = times.pop((early, direction), array("q"))
        times[end, direction] = first + times.get((end, direction), array("q"))


def _take_first(waiting: dict[End, list[tuple[int, int]]]) -> tuple[int, int]:
    """Take the earliest of those that wait."""
    first, end = min((min(some), end) for end, some in waiting.items())
    waiting[end].remove(first)
    if not waiting[end]:
        del waiting[end]
    return first


def _pair(ends: Mapping[End, int], workers: Mapping[End, int]) -> dict[End, End]:
    """Find the ends of each connection: by the worker's process, or because only one has that name."""
    by_side: dict[str, list[End]] = {}
    for end in ends:
        by_side.setdefault(end[1], []).append(end)
    peers: dict[End, End] = {}
    for end in ends:
        candidates = by_side.get(f"{end[1]}{WORKER}", [])
        known = [one for one in candidates if one[0] == workers.get(end)]
        if not known and len(candidates) == 1 == len(by_side[end[1]]):
            known = candidates
        if len(known) == 1 and known[0] not in peers:
            peers[end] = known[0]
            peers[known[0]] = end
    return peers


def _set_clocks(times: Times, peers: Mapping[End, End], first: Mapping[int, int]) -> dict[int, int]:
    """Return what to add to the clock of each process, so that frames arrive after they were sent."""
    links: dict[int, list[tuple[int, int]]] = {}
    for end, peer in peers.items():
        ahead = _ahead(_shortest(times, end, peer), _shortest(times, peer, end))
        links.setdefault(end[0], []).append((peer[0], -ahead))
    shifts: dict[int, int] = {}
    for root in first:
        found = [(root, 0)]
        while found:
            pid, shift = found.pop()
            if pid not in shifts:
                shifts[pid] = shift
                found += [(other, shift + more) for other, more in links.get(pid, ())]
    return shifts


def _ahead(there: int | None, back: int | None) -> int:
    """Return by how much the clock of the other side is ahead, from the shortest ways there and back."""
    if there is not None and back is not None:
        return 0 if min(there, back) >= -SAME_CLOCK_NS else (there - back) // 2
    known = there if there is not None else -back if back is not None else 0
    return known if abs(known) > LONGEST_WAY_NS else 0


def _shortest(times: Times, sender: End, receiver: End) -> int | None:
    """Return how long the quickest frame took, by the clocks of both."""
    pairs = zip(times.get((sender, SENT), ()), times.get((receiver, RECEIVED), ()), strict=False)
    return min((arrived - left for left, arrived in pairs), default=None)


class _Source:
    """One file, its lines given out by process: those of several may be in it, as with EXECNET_DEBUG=2."""

    def __init__(self, reader: Reader, pids: Mapping[int, None]) -> None:
        self._entries: Iterator[Entry] = reader.entries()
        self._queues: dict[int, deque[Entry]] = {pid: deque() for pid in pids}
        self.streams = [_Stream(self, queue) for queue in self._queues.values()]

    def read(self, queue: deque[Entry]) -> None:
        """Read until there is something in the queue, or the end of the file."""
        while not queue:
            entry = next(self._entries, None)
            if entry is None:
                return
            if entry.pid in self._queues:  # else it has been written since the first reading
                self._queues[entry.pid].append(entry)


class _Stream:
    """The entries of one process in one file."""

    def __init__(self, source: _Source, queue: deque[Entry]) -> None:
        self._source = source
        self._queue = queue

    def has_next(self) -> bool:
        """Return whether there is another entry, which is ``next`` then."""
        if not self._queue:
            self._source.read(self._queue)
        return bool(self._queue)

    @property
    def next(self) -> Entry:
        """The next entry, which is not taken by looking at it."""
        return self._queue[0]

    def take(self) -> Entry:
        """Take it."""
        return self._queue.popleft()
