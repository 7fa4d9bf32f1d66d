"""Ctrl-C ends a run, not the report about it."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from xnet_conformance.link import kill_all

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Yield an event that the first SIGINT sets, after which all testees are dead; the second one interrupts.

    An exception in the middle of a run would leave threads running while things they use, such as
    their directories, are removed.

    Threads: the main one.
    """
    stop = threading.Event()

    def stop_run(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        kill_all()

    before = signal.signal(signal.SIGINT, stop_run)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
