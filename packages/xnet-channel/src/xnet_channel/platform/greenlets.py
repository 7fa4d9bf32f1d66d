"""Letting other greenlets run while one waits: gevent and eventlet.

Greenlets share one thread of the operating system, so one that blocks it stops them all. A program that uses
greenlets says so, by its execution model or by having patched the standard library, and from then on whoever
waits in a thread that has greenlets lets the others run. The descriptor is read by the reactor's thread then,
which wakes the greenlet through its library's loop; nobody else knows the difference.

There is one such library in a process.

Threads: all functions from any thread.
"""

from __future__ import annotations

import sys

from xnet_channel.platform import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    class Waiter(Protocol):
        """One wait of one greenlet, with the methods of the lock that a thread would wait for."""

        def acquire(self, blocking: bool, timeout: float) -> object:
            """Let other greenlets run until released, or for some seconds (-1: without limit)."""

        def release(self) -> None:
            """Wake the greenlet. From any thread, and before it waits as well."""

        def close(self) -> None:
            """Give back what belongs to it; ``release`` must not be called any more."""

    class Library(Protocol):
        """What is needed of a library of greenlets."""

        #: Its name, which is that of the execution model.
        name: str

        def runs_here(self) -> bool:
            """Return whether there are, or may be, greenlets in this thread."""

        def begin_here(self) -> None:
            """Make this thread one that has greenlets."""

        def ident(self) -> int:
            """Return a number for the current greenlet."""

        def make_waiter(self) -> Waiter:
            """Return a new wait of the current greenlet."""

        def current(self) -> Any:
            """Return the current greenlet."""

        def interrupt(self, greenlet: Any) -> None:
            """Raise KeyboardInterrupt in another greenlet of this thread, which has begun."""

        def spawn(self, target: Callable[..., object], *args: Any) -> Any:
            """Have a new greenlet of this thread run the function."""


#: What this process uses, once it uses any.
library: Library | None = None
#: Returns the number of the current thread, or greenlet.
ident: Callable[[], int] = native.get_ident

_lock: Final = native.allocate_lock()


def use(name: str) -> Library:
    """Have waits let other greenlets run from now on, in threads that have any.

    Args:
        name: ``"gevent"`` or ``"eventlet"``.

    Raises:
        ImportError: It is not installed, or cannot be imported; the text says how to get it.
        ValueError: This process uses the other one already.
    """
    global library, ident
    with _lock:
        found = library
        if found is None:
            found = _load(name)
            library, ident = found, found.ident
    if found.name != name:
        raise ValueError(f"{name} cannot be used in a process that uses {found.name} already")
    return found


def use_if_patched() -> None:
    """Use the library that has replaced the program's threads, if there is one."""
    name = native.patched_by()
    if name is not None and library is None:
        use(name)


def run_here() -> bool:
    """Return whether a wait in this thread has to let other greenlets run."""
    if library is None:
        use_if_patched()
    return library is not None and library.runs_here()


def _load(name: str) -> Library:
    patched = native.patched_by()
    if patched not in (None, name):
        raise ValueError(f"{name} cannot be used in a process whose threads {patched} has replaced")
    try:
        if name == "gevent":
            from xnet_channel.platform.greenlets_gevent import Gevent

            return Gevent()
        from xnet_channel.platform.greenlets_eventlet import Eventlet

        return Eventlet()
    except ImportError as error:
        raise ImportError(
            f"{name} cannot be imported by {sys.executable}: {error};"
            f" install it there (python -m pip install {name})"
        ) from error
