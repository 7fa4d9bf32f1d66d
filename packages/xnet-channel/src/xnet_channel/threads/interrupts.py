"""Keeping Ctrl-C out of the few places where it would lose or cut data.

A waiting main thread reads and dispatches for everybody (see ``leading``), and it writes what it
sends. KeyboardInterrupt is raised between any two bytecodes of the main thread; in the middle of
such work it would lose frames that were read but not delivered, or cut one in two on the wire. So
for that time, microseconds but for the encoding or decoding of a huge item, SIGINT is only noted, and
raised right after. Nothing blocks meanwhile.

Handlers of other signals that raise are not held back: there is no cheap way to do it for all.

Use::

    held = hold_interrupts()
    try:
        ...
    finally:
        if held is not None:
            release_interrupts(held)
"""

from __future__ import annotations

import threading

# The module `signal` wraps these two in enum conversions that cost ten times the call itself,
# twice for every message of a main thread. Both names exist in CPython and PyPy.
from _signal import SIGINT, getsignal, signal  # type: ignore[import-not-found]  # no stub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_get_ident = threading.get_ident
_main_thread = threading.main_thread
_main_ident = _main_thread().ident
_caught: list[FrameType | None] = []  # touched by the main thread only


def hold_interrupts() -> object:
    """Only note SIGINT from now on.

    Returns:
        What to give to ``release_interrupts``, or None if there is nothing to release: signal
        handlers do not run in this thread, or SIGINT is held or ignored already.
    """
    if _get_ident() != _main_ident:
        return None
    handler = getsignal(SIGINT)
    if handler is _note or not callable(handler):
        return None
    signal(SIGINT, _note)
    return handler


def release_interrupts(handler: object) -> None:
    """Let SIGINT through again; one that was noted is handled now.

    Raises:
        KeyboardInterrupt: Or whatever the program's handler raises.
    """
    signal(SIGINT, handler)
    if _caught:
        frame = _caught[-1]
        _caught.clear()
        handler(SIGINT, frame)  # type: ignore[operator]


def _note(signum: int, frame: FrameType | None) -> None:
    _caught.append(frame)


def main_thread_changed_after_fork() -> None:
    """Learn which thread is the main thread of a forked child."""
    global _main_ident
    _main_ident = _main_thread().ident
