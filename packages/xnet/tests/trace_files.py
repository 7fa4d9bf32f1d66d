"""Traces as processes write them, made by the tracer itself."""

from __future__ import annotations

from pathlib import Path

from xnet_wire import frames
from xnet_wire.trace import Tracer


class Process:
    """Writes the trace of one process, in both forms.

    Args:
        folder: Where the files are.
        pid: Of the process.
        clock_ns: Its clock, at first; ``tick`` sets it forward.
    """

    def __init__(self, folder: Path, pid: int, clock_ns: int = 0) -> None:
        self.json = folder / f"t-{pid}.jsonl"
        self.text = folder / f"execnet-debug-{pid}"
        self.now_ns = clock_ns
        self.tracer = Tracer(pid, self._write_text, self._write_json, lambda: self.now_ns)

    def _write_text(self, line: str) -> None:
        with self.text.open("a") as file:
            file.write(line)

    def _write_json(self, line: str) -> None:
        with self.json.open("a") as file:
            file.write(line)

    def sent(self, side: str, kind: int = frames.CHANNEL_DATA, channel: int = 1, length: int = 5) -> None:
        self.tracer.message(side, "sent", kind, channel, length)

    def received(self, side: str, kind: int = frames.CHANNEL_DATA, channel: int = 1, length: int = 5) -> None:
        self.tracer.message(side, "received", kind, channel, length)


def a_conversation(folder: Path, ahead_ns: int = 0) -> tuple[Process, Process]:
    """An execution of one item there and one back, on two machines with clocks that differ."""
    here, there = Process(folder, 100, 10**12), Process(folder, 200, 10**12 + ahead_ns)

    def tick() -> None:
        here.now_ns += 1_000_000
        there.now_ns += 1_000_000

    here.tracer.event("gw0", "connecting to pid 200 for 'popen'")
    here.sent("gw0", frames.HELLO, 0, 160)
    tick()
    there.tracer.event("worker", "started, pid 200, python")
    there.sent("worker", frames.HELLO, 0, 140)
    there.received("worker", frames.HELLO, 0, 160)
    tick()
    here.received("gw0", frames.HELLO, 0, 140)
    here.sent("gw0", frames.CHANNEL_EXEC)
    here.sent("gw0")
    tick()
    there.received("gw0-worker", frames.CHANNEL_EXEC)
    there.received("gw0-worker")
    there.sent("gw0-worker")
    there.sent("gw0-worker", frames.CHANNEL_CLOSE, 1, 0)
    tick()
    here.received("gw0")
    here.received("gw0", frames.CHANNEL_CLOSE, 1, 0)
    here.tracer.event("gw0", "its process (pid 200) exited with status 0")
    return here, there
