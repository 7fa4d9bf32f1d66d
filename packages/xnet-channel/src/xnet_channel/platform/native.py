"""The operating system's clock, calls, threads and locks, whatever a program has put in their place.

Programs replace functions of the standard library: gevent and eventlet by such that switch to another
greenlet where the original blocks the thread; freezegun stops the clock; pyfakefs has files in memory, and
numbers of its own for them; tests put in what they like. What is in our packages reads, writes and waits for
a whole process, under locks, and none of that may happen in the middle. So whatever a wait, a write, a start
or an end depends on is taken from here, and where other greenlets may run it is said (``greenlets``).

It works in whichever order the program imports us and patches:

- Those libraries look through the names of all modules for what they replace, and into no class. So the
  functions are attributes of two classes, and are called as such: ``OS.read(...)``, ``CLOCK.monotonic()``.
- What was replaced before we came is taken from a copy of its module, made anew.

Threads: all functions from any thread.
"""

from __future__ import annotations

import sys
import threading

from xnet_channel.platform.standby import REFUSED_AT_EXIT, STANDBY

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    import select
    import time
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Final


def original(module: str, name: str) -> Any:
    """Return what a module of the standard library has under a name when nothing is patched.

    Raises:
        AttributeError: It has no such name.
    """
    found = _not_of_greenlets(module, name)
    return found if _belongs_to(found, module) else getattr(_remade(module), name, found)


def _belongs_to(found: object, module: str) -> bool:
    """Return whether it is that module's own: somebody else's is of another one, a constant of none."""
    return getattr(found, "__module__", module) == module


def _not_of_greenlets(module: str, name: str) -> Any:
    """Return the same, but for what others than the libraries of greenlets have replaced."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched(module):
        return monkey.get_original(module, name)
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None and patcher.already_patched and module != "posix":
        return getattr(patcher.original(module), name)
    return getattr(__import__(module), name)


def private_copy(module: str) -> ModuleType:
    """Return a module of the standard library made anew, without the changes to the existing one.

    Raises:
        ImportError: The module does not exist.
    """
    import importlib.util

    spec = importlib.util.find_spec(module)
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no module {module!r}")
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


_copies: dict[str, ModuleType] = {}


def _remade(module: str) -> ModuleType:
    """Return a copy of a module, or itself where an interpreter makes none (PyPy) or it cannot be found."""
    if sys.implementation.name != "cpython":
        return __import__(module)
    if module not in _copies:
        try:
            _copies[module] = private_copy(module)
        except (ImportError, ValueError):
            return __import__(module)
    return _copies[module]


def _maybe_original(module: str, name: str) -> Any:
    """Return the same as ``original``, also where somebody has taken it away; None if there is none."""
    try:
        return original(module, name)
    except AttributeError:
        return getattr(_remade(module), name, None)


def patched_by() -> str | None:
    """Return ``"gevent"`` or ``"eventlet"`` if the program has had its threads replaced by it, else None."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        return "gevent"
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None and patcher.is_monkey_patched("thread"):
        return "eventlet"
    return None


_OS: Final = """
    read write readv writev pipe dup dup2 close open fstat stat lstat mkdir rmdir unlink link chmod
    set_blocking set_inheritable eventfd EFD_NONBLOCK EFD_CLOEXEC
    O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_APPEND O_NONBLOCK O_NOFOLLOW O_CLOEXEC O_DIRECTORY
    geteuid getpid kill killpg waitpid waitstatus_to_exitcode waitid pidfd_open
    P_PID WEXITED WNOHANG WNOWAIT CLD_EXITED _exit
    sched_getaffinity cpu_count
"""

RLock: type[threading.RLock] = original("_thread", "RLock")
allocate_lock: Callable[[], threading.Lock] = original("_thread", "allocate_lock")
get_ident: Callable[[], int] = original("_thread", "get_ident")
poll: Callable[[], select.poll] = original("select", "poll")
#: None where the system has none.
epoll: Callable[[], select.epoll] | None = _maybe_original("select", "epoll")
_start_new_thread = original("_thread", "start_new_thread")
# A test may also have replaced the methods.
_Thread: Any = threading.Thread
_init_thread: Any = getattr(_Thread, "__init__", None)
_run_thread: Any = getattr(_Thread, "start", None)


def _captured(module: str, names: str) -> Any:
    """Return a class that has these of the module; those that this system lacks it lacks, too."""
    there = __import__(module)
    found = {name: original(module, name) for name in names.split() if hasattr(there, name)}
    return type(module, (), found)  # not a module: see above


if TYPE_CHECKING:
    OS = os
    CLOCK = time
else:
    #: Calls of the operating system and their constants, as in ``os``.
    OS: Final = _captured("posix", _OS)
    #: The clock that waits are measured with, as in ``time``.
    CLOCK: Final = _captured("time", "monotonic monotonic_ns perf_counter sleep")


class Hiding:
    """Whether threads that only carry the connection are hidden from ``threading``.

    A worker hides them, as execnet's did: gevent, when it patches inside of an import, does half of its work
    unless ``threading`` knows of the main thread only, and the import fails then. Such code comes to workers
    (a ``conftest.py``) more often than anyone lists threads.
    """

    hides = False


def start_thread(
    target: Callable[..., object],
    args: tuple[Any, ...],
    name: str,
    *,
    carries: bool = False,
    may_be_green: bool = False,
) -> None:
    """Run the function in a thread of its own that does not keep the process alive.

    Args:
        target: What to run; it must not raise.
        args: Its arguments.
        name: Shown in lists of threads.
        carries: It is part of the connection, see ``Hiding``.
        may_be_green: It waits as the program does, in a greenlet where the program uses greenlets.

    Raises:
        RuntimeError: There can be no more threads.
    """
    if patched_by() is not None:
        if may_be_green:
            threading.Thread(target=target, args=args, name=name, daemon=True).start()
        else:
            _begin(lambda: target(*args))
        return
    if carries and Hiding.hides:
        _begin(lambda: target(*args))
        return
    begun = allocate_lock()

    def run() -> None:
        if begun.acquire(False):
            target(*args)

    def run_instead(thread: object) -> None:
        if begun.locked():
            tell(thread)
        run()

    try:
        thread: Any = _Thread.__new__(_Thread)
        _init_thread(thread, target=run, name=name, daemon=True)
        # What `threading.settrace` has called first may raise, once; then nothing has been run.
        tell, thread._invoke_excepthook = thread._invoke_excepthook, run_instead
        _run_thread(thread)
    except Exception:  # noqa: BLE001 - what that is made of has been replaced; it may have begun all the same
        _begin(run)


def reserve_thread() -> None:
    """See to it that one more ``start_thread`` works while the interpreter ends."""
    if REFUSED_AT_EXIT:
        STANDBY.add(_start_new_thread)


def _begin(run: Callable[[], object]) -> None:
    try:
        _start_new_thread(run, ())
    except RuntimeError:
        if not STANDBY.take(run):
            raise


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
