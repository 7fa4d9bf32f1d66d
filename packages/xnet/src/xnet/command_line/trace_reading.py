"""Traces of processes, read back: text of EXECNET_DEBUG and lines of XNET_TRACE_JSON.

Spec: 70-trace.md. A file is read as it is needed, and what is no line of a trace is counted and left out: the
end of a trace of a process that was killed, and what else was written to standard error with EXECNET_DEBUG=2.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

SENT: Final = "sent"
RECEIVED: Final = "received"
#: A longer line does not belong to a trace, in bytes.
LONGEST_LINE_BYTES: Final = 1_048_576
#: What a worker's name ends in.
WORKER: Final = "-worker"

_MESSAGE: Final = re.compile(
    r"(\S+) (sent|received) <Message ([A-Z][A-Z_0-9]*) channel=(\d{1,20}) lendata=(\d{1,20})>"
)
_EVENT: Final = re.compile(r"(\S+) (\S.*)")
_PREFIX: Final = re.compile(r"\[(\d{1,10})\] ")
_PID_IN_NAME: Final = re.compile(r"-(\d{1,10})(?:\.jsonl)?$")


class Entry:
    """One line of a trace.

    Attributes:
        pid: The process; 0 if that is not known.
        side: ``gw0`` at the initiator, ``gw0-worker`` at the worker.
        ns: Clock of the process in nanoseconds; None in text, which has no times.
        direction: ``SENT`` or ``RECEIVED``, or empty for an event.
        kind: Type of the frame.
        channel: Its channel.
        length: Its payload in bytes.
        event: What happened, for an event.
    """

    __slots__ = ("channel", "direction", "event", "kind", "length", "ns", "pid", "side")

    def __init__(
        self,
        pid: int,
        side: str,
        ns: int | None,
        direction: str = "",
        kind: str = "",
        channel: int = 0,
        length: int = 0,
        event: str = "",
    ) -> None:
        self.pid = pid
        self.side = side
        self.ns = ns
        self.direction = direction
        self.kind = kind
        self.channel = channel
        self.length = length
        self.event = event


class Reader:
    """Reads one file, any number of times.

    Attributes:
        path: Of the file.
        count: How many entries it has, as far as it was read.
        foreign: How many lines of it were no lines of a trace, in the last reading.
        cut: Whether its last line has no end: the process was killed, or still writes.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0
        self.foreign = 0
        self.cut = False
        found = _PID_IN_NAME.search(os.path.basename(path))
        self._pid = int(found.group(1)) if found else 0
        # The rest of a line of JSON, two words of it, is not an event.
        self._has_text = not path.endswith(".jsonl")

    def entries(self) -> Iterator[Entry]:
        """Read the entries from the beginning.

        Raises:
            OSError: The file cannot be read.
        """
        self.count = 0
        self.foreign = 0
        self.cut = False
        with open(self.path, "rb", opener=_open_file) as file:
            rest_of_line = False
            while line := file.readline(LONGEST_LINE_BYTES):
                is_complete = line.endswith(b"\n")
                entry = None
                if is_complete and not rest_of_line and (self._has_text or line.startswith(b"{")):
                    entry = parse_line(line[:-1], self._pid)
                if entry is not None:
                    self.count += 1
                    yield entry
                elif not is_complete and len(line) < LONGEST_LINE_BYTES:
                    self.cut = True
                elif is_complete and line.strip():
                    self.foreign += 1
                rest_of_line = not is_complete


def _open_file(path: str, flags: int) -> int:
    """Open a trace, or anything else, without waiting for a writer of a pipe.

    Raises:
        OSError: It does not exist, or it is a pipe.
    """
    fd = os.open(path, flags | os.O_NONBLOCK)
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(
            errno.ESPIPE, "it is a pipe, but files are read twice; use - to read standard input", path
        )
    return fd


def parse_line(line: bytes, pid: int) -> Entry | None:
    """Return the entry of a line without its end, or None if it is not a line of a trace.

    Args:
        line: Of either form.
        pid: The process, where the line does not say.
    """
    if line.startswith(b"{"):
        return _parse_json(line)
    text = line.decode("utf-8", "backslashreplace")
    prefix = _PREFIX.match(text)
    if prefix is not None:
        pid = int(prefix.group(1))
        text = text[prefix.end() :]
    found = _MESSAGE.fullmatch(text)
    if found is not None:
        side, direction, kind, channel, length = found.groups()
        return Entry(pid, side, None, direction, kind, int(channel), int(length))
    # Without a process, any two words would be an event.
    found = _EVENT.fullmatch(text) if pid else None
    if found is None:
        return None
    return Entry(pid, found.group(1), None, event=found.group(2))


def _parse_json(line: bytes) -> Entry | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    match value:
        case {
            "ns": int(ns),
            "pid": int(pid),
            "side": str(side),
            "dir": "sent" | "received" as direction,
            "type": str(kind),
            "channel": int(channel),
            "length": int(length),
        } if _are_plain(ns, pid, channel, length):
            return Entry(pid, side, ns, direction, kind, channel, length)
        case {"ns": int(ns), "pid": int(pid), "side": str(side), "event": str(event)} if _are_plain(ns, pid):
            return Entry(pid, side, ns, event=event)
    return None


def _are_plain(*numbers: int) -> bool:
    return all(not isinstance(number, bool) and 0 <= number < 1 << 63 for number in numbers)
