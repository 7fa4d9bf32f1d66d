"""What makes a run of tests hard: programs that keep the processors busy, and signals that are ignored."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator

# It ends with the pipe that only we can write to, however we end.
_BUSY = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print("busy", flush=True)
while True:
    pass
"""


@contextlib.contextmanager
def busy_processes(count: int) -> Iterator[list[int]]:
    """Run so many programs that only compute, as nice as this one, while the block runs.

    Args:
        count: how many; 20 on two processors leave a test a tenth of one.

    Yields:
        Their process ids. All of them have begun, and all are gone after the block, or after this process.
    """
    programs: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            command = [sys.executable, "-c", _BUSY]
            programs.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        for program in programs:
            assert program.stdout is not None
            program.stdout.readline()
        yield [program.pid for program in programs]
    finally:
        for program in programs:
            program.kill()
        for program in programs:
            program.communicate()


@contextlib.contextmanager
def ignored_signals() -> Iterator[None]:
    """Ignore SIGINT and SIGHUP while the block runs, as what it starts inherits: nohup in the background."""
    names = [name for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
