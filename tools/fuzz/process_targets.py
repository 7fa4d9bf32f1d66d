"""Real worker processes: each gets one conversation, and has to end by itself."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Final

from xnet_gateway.bare.bootstrap import FIRST_LINE, first_bytes
from xnet_gateway.transports.popen import worker_command
from xnet_gateway.xspec import XSpec

#: How long a worker may take from the end of its input to its own: its grace for running code, and some more.
END_S: Final = 40.0
#: The most resident memory of a worker, in bytes. What it takes at its start is about a third of it.
MEMORY_BYTES: Final = 100_000_000


class ProcessTarget:
    """A worker of one kind."""

    def __init__(self, python: str | None = None) -> None:
        """Make it.

        Args:
            python: The interpreter for the bare worker; None for the full worker.
        """
        self.name = "full worker, a process" if python is None else f"bare worker, a process of {python}"
        self._python = python
        #: Highest resident memory that was seen, in bytes.
        self.peak_bytes = 0

    def play(self, stream: bytes, splits: list[int], random: Random) -> None:
        """Feed a stream in pieces; see ``CoreTarget.play``."""
        ours, theirs = socket.socketpair()
        if self._python is None:
            command = worker_command(XSpec("popen//id=fuzz"), 0)
        else:
            command = [self._python, "-u", "-c", FIRST_LINE]
            stream = first_bytes() + stream
            splits = [split + len(first_bytes()) for split in splits]
        process = subprocess.Popen(
            command, stdin=theirs.fileno(), stdout=theirs.fileno() if self._python else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        try:
            self._talk(ours, stream, splits, process.pid)
            self._wait(process)
        finally:
            ours.close()
            if process.returncode is None:
                process.kill()
                process.wait()

    def _talk(self, ours: socket.socket, stream: bytes, splits: list[int], pid: int) -> None:
        """Write everything, reading meanwhile, and end."""
        ours.setblocking(False)
        ends = [*splits, len(stream)]
        at = 0
        while at < len(stream):
            while ends[0] <= at:
                ends.pop(0)
            readable, writable, _ = select.select([ours], [ours], [], END_S)
            if not readable and not writable:
                raise AssertionError(f"the worker has not read for {END_S} seconds")
            try:
                if readable and not ours.recv(1 << 20):
                    break
                if writable:
                    at += ours.send(stream[at : ends[0]])
            except BlockingIOError:
                pass
            except OSError:
                return  # it has ended
        self._look_at_memory(pid)
        try:
            ours.shutdown(socket.SHUT_WR)
            ours.setblocking(True)
            ours.settimeout(END_S)
            while ours.recv(1 << 20):
                pass
        except TimeoutError:
            raise AssertionError(f"the worker still holds the connection after {END_S} seconds") from None
        except OSError:
            pass  # it has ended

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of the process, and look at how it ended."""
        pidfd = os.pidfd_open(process.pid)
        try:
            ready, _, _ = select.select([pidfd], [], [], END_S)
        finally:
            os.close(pidfd)
        if not ready:
            raise AssertionError(f"the worker still runs {END_S} seconds after the end of its connection")
        status = process.wait()
        assert status in (0, 1), f"the worker ended with status {status}"

    def _look_at_memory(self, pid: int) -> None:
        """Note the peak of a worker that has got everything, if it has not ended yet."""
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        except OSError:
            return
        for line in lines:
            if line.startswith("VmHWM:"):
                self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)
        assert self.peak_bytes < MEMORY_BYTES, f"the worker took {self.peak_bytes} bytes"


def interpreters() -> list[str | None]:
    """Return what to make process targets of: the full worker, the bare one here and on the oldest Python."""
    from bare_helpers import find_interpreter

    oldest = find_interpreter("2.7")
    return [None, sys.executable, *([oldest] if oldest is not None else [])]
