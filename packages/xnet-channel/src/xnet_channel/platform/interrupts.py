"""Keeping Ctrl-C out of the few places where it would lose or cut data.

A waiting main thread reads and dispatches for everybody (see ``leader_follower``), and it writes what it
sends. KeyboardInterrupt is raised between any two bytecodes of the main thread; in the middle of
such work it would lose frames that were read but not delivered, or cut one in two on the wire. So
for that time, microseconds but for the encoding or decoding of a huge item, SIGINT is only noted, and
raised right after. Nothing blocks meanwhile.

Handlers of other signals that raise are not held back: doing it for all would cost too much.

Use::

    held = hold_interrupts()
    try:
        ...
    finally:
        if held is not None:
            release_interrupts(held)

or, where it may take longer, ``with InterruptsHeld()``.

Code that blocks in between lets them through meanwhile, which is cheaper than to release and hold
again::

    try:
        if held is not None:
            let_interrupts_through()
        ...  # block; KeyboardInterrupt may be raised from here
    finally:
        if held is not None:
            INTERRUPTS.let_through = False

or, where it may take longer, ``with InterruptsLetThrough()``.
"""

from __future__ import annotations

# The module `signal` wraps these two in enum conversions that cost ten times the call itself,
# twice for every message of a main thread. Both names exist in CPython and PyPy.
from _signal import SIG_DFL, SIGINT, SIGURG, getsignal, pthread_kill, signal  # type: ignore[import-not-found]  # no stub

from xnet_channel.platform.native import get_ident, main_thread_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Final

_get_ident = get_ident
_main_ident = main_thread_ident()


class Interrupts:
    """How SIGINT is treated while it is held. Touched by the main thread only.

    Attributes:
        handler: What the program wants to be called.
        caught: Frames of the SIGINTs that came and wait for the handler.
        let_through: The handler may be called at once, for the main thread only blocks.
    """

    __slots__ = ("caught", "handler", "let_through")

    def __init__(self) -> None:
        self.handler: Callable[[int, FrameType | None], object] | None = None
        self.caught: list[FrameType | None] = []
        self.let_through = False


INTERRUPTS: Final = Interrupts()
#: What holding them returned inside of a time in which they were let through.
_LET_THROUGH: Final = object()


def hold_interrupts() -> object:
    """Only note SIGINT from now on.

    Returns:
        What to give to ``release_interrupts``, or None if there is nothing to release: signal
        handlers do not run in this thread, or SIGINT is held or ignored already.
    """
    if _get_ident() != _main_ident:
        return None
    handler = getsignal(SIGINT)
    if handler is _note:
        if not INTERRUPTS.let_through:
            return None
        INTERRUPTS.let_through = False
        return _LET_THROUGH
    if not callable(handler):
        return None
    INTERRUPTS.let_through = False
    INTERRUPTS.handler = handler
    signal(SIGINT, _note)
    return handler


def release_interrupts(handler: object) -> None:
    """Let SIGINT through again; one that was noted is handled now.

    Raises:
        KeyboardInterrupt: Or whatever the program's handler raises.
    """
    if handler is _LET_THROUGH:
        let_interrupts_through()
        return
    signal(SIGINT, handler)
    caught = INTERRUPTS.caught
    if caught:
        frame = caught[-1]
        caught.clear()
        handler(SIGINT, frame)  # type: ignore[operator]


def let_interrupts_through() -> None:
    """Have SIGINT handled as soon as it comes, until ``INTERRUPTS.let_through`` is unset.

    Raises:
        KeyboardInterrupt: Or whatever the program's handler raises, for one that was noted.
    """
    # In this order: one that comes in between is handled, not noted.
    INTERRUPTS.let_through = True
    if INTERRUPTS.caught:
        INTERRUPTS.caught.clear()
        _note(SIGINT, None)


class InterruptsHeld:
    """``with``: only note SIGINT while the block runs; one that came is handled at its end.

    Attributes:
        here: It is held back by this block, and not by one around it, which wants none before its own end.
    """

    __slots__ = ("_held", "here")

    def __enter__(self) -> InterruptsHeld:  # noqa: PYI034 - Python 3.10 has no Self
        self._held = hold_interrupts()
        self.here = self._held is not None
        return self

    def __exit__(self, *error: object) -> None:
        if self._held is not None:
            release_interrupts(self._held)


class InterruptsLetThrough:
    """``with``: let SIGINT through while the block waits, if the main thread holds it back, else do nothing.

    An error that comes of it finds SIGINT held back again.
    """

    __slots__ = ("_let", "_wanted")

    def __init__(self, wanted: bool = True) -> None:
        self._wanted = wanted

    def __enter__(self) -> None:
        self._let = (
            self._wanted
            and _get_ident() == _main_ident
            and getsignal(SIGINT) is _note
            and not INTERRUPTS.let_through
        )
        if self._let:
            try:
                let_interrupts_through()
            except BaseException:
                INTERRUPTS.let_through = False
                raise

    def __exit__(self, *error: object) -> None:
        if self._let:
            INTERRUPTS.let_through = False


def _note(signum: int, frame: FrameType | None) -> None:
    handler = INTERRUPTS.handler
    if not INTERRUPTS.let_through or handler is None:
        INTERRUPTS.caught.append(frame)
        return
    # The handler finds things as it would without us: it may send and receive itself.
    INTERRUPTS.let_through = False
    signal(SIGINT, handler)
    try:
        handler(signum, frame)
    except BaseException:
        # What it interrupts has to be undone, and that is held back again.
        signal(SIGINT, _note)
        INTERRUPTS.handler = handler
        raise
    signal(SIGINT, _note)
    INTERRUPTS.handler = handler
    INTERRUPTS.let_through = True


def forget_interrupts() -> None:
    """Forget the SIGINTs that were noted while they are held. Threads: the one that holds them."""
    INTERRUPTS.caught.clear()


def interrupt_main() -> None:
    """Send SIGINT to the main thread, which wakes it, too.

    Threads: any other: it would come in the middle of the caller.
    """
    pthread_kill(_main_ident, SIGINT)


def accept_nudges() -> None:
    """Let ``nudge_main`` work, unless the program uses SIGURG itself. Threads: the main thread."""
    if getsignal(SIGURG) is SIG_DFL:
        signal(SIGURG, _nudged)


def nudge_main() -> None:
    """Have the main thread look for signals that have come.

    One that comes just before it waits in the system does not end that wait; this one does, and does
    nothing else, however often it is sent. It is SIGURG, which programs do not use and debuggers pass on.

    Threads: any other.
    """
    if getsignal(SIGURG) is _nudged:
        pthread_kill(_main_ident, SIGURG)


def _nudged(signum: int, frame: FrameType | None) -> None:
    pass


def main_thread_changed_after_fork() -> None:
    """Learn that the thread which forked is the main thread of the child."""
    global _main_ident
    _main_ident = _get_ident()
