"""The operating system's threads, locks and waits, whatever a program has put in their place.

gevent and eventlet replace functions of the standard library by their own (``monkey.patch_all()``), which
switch to another greenlet where the original blocks the thread. What is in this package reads and writes for
a whole process, under locks: a switch in the middle would let other greenlets in. So it takes what it needs
from here, and where it may let other greenlets run it says so (``greenlets``).

It works in whichever order the program imports us and patches.

Threads: all functions from any thread.
"""

from __future__ import annotations

import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from typing_extensions import Buffer


def original(module: str, name: str) -> Any:
    """Return what a module of the standard library has under a name when nothing is patched.

    Raises:
        AttributeError: It has no such name.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched(module):
        return monkey.get_original(module, name)
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None and patcher.already_patched:
        if module == "selectors":
            return getattr(_selectors_over(patcher.original("select")), name)
        return getattr(patcher.original(module), name)
    return getattr(__import__(module), name)


def patched_by() -> str | None:
    """Return ``"gevent"`` or ``"eventlet"`` if the program has had its threads replaced by it, else None."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        return "gevent"
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None and patcher.is_monkey_patched("thread"):
        return "eventlet"
    return None


RLock: type[threading.RLock] = original("_thread", "RLock")
allocate_lock: Callable[[], threading.Lock] = original("_thread", "allocate_lock")
get_ident: Callable[[], int] = original("_thread", "get_ident")
poll: Callable[[], select.poll] = original("select", "poll")
close: Callable[[int], None] = original("os", "close")
read: Callable[[int, int], bytes] = original("os", "read")
write: Callable[[int, Buffer], int] = original("os", "write")
_start_new_thread = original("_thread", "start_new_thread")


def private_copy(module: str) -> ModuleType:
    """Return a module of the standard library made anew, without what was done to the one that there is."""
    import importlib.util

    spec = importlib.util.find_spec(module)
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no module {module!r}")
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def _selectors_over(select: ModuleType) -> ModuleType:
    """Return ``selectors`` made of these functions: eventlet takes the better ones out of both modules."""
    patched = sys.modules["select"]
    sys.modules["select"] = select
    try:
        return private_copy("selectors")
    finally:
        sys.modules["select"] = patched


class Hiding:
    """Whether threads that only carry the connection are hidden from ``threading``.

    A worker hides them, as execnet's did: gevent, when it patches inside of an import, does half of its work
    unless ``threading`` knows of the main thread only, and the import fails then. Such code comes to workers
    (a ``conftest.py``) more often than somebody who lists threads.
    """

    hides = False


def start_thread(
    target: Callable[..., object], args: tuple[Any, ...], name: str, *, carries: bool = False
) -> None:
    """Run the function in a thread of its own that does not keep the process alive.

    Args:
        target: What to run; it must not raise.
        args: Its arguments.
        name: For those who list threads.
        carries: It is part of the connection, see ``Hiding``.
    """
    if patched_by() is None and not (carries and Hiding.hides):
        threading.Thread(target=target, args=args, name=name, daemon=True).start()
    else:  # patched, that class makes greenlets
        _start_new_thread(target, args)


def main_thread_ident() -> int:
    """Return the number of the main thread, or 0 if it cannot be found out from another one."""
    main = threading.main_thread()
    if patched_by() is None:
        return main.ident or 0
    # Patched, it has the number of a greenlet; the operating system's own is still right.
    native_id: Callable[[], int] | None = getattr(threading, "get_native_id", None)
    return get_ident() if native_id is not None and main.native_id == native_id() else 0


def be_main_thread() -> None:
    """Let the interpreter end from here.

    If code in another greenlet has had the threads replaced, that greenlet counts as the main thread, and the
    interpreter would wait for its end for ever.

    Threads: the main thread, in its first greenlet.
    """
    main = threading.main_thread()
    if patched_by() is not None and main.ident != threading.get_ident():
        main._ident = threading.get_ident()  # type: ignore[attr-defined]
