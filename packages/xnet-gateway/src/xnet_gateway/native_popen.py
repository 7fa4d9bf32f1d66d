"""``subprocess.Popen``, whatever a program has put in its place, or in the place of what it is made of.

Those of gevent and eventlet wait for their processes in a loop of the thread that started them; ours are
waited for by the reactor. Tests put a class there that starts nothing. And the original calls functions of
``os`` and ``time`` by their names, where others have put their own. So the module is made a second time, over
original functions of the operating system. That takes a fifth of a millisecond.
"""

from __future__ import annotations

import builtins
import io
import os
import subprocess
import threading
import time

from xnet_channel.platform.native import CLOCK, allocate_lock, original, patched_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

#: How often a greenlet that waits for a process looks at it, in seconds.
POLL_S: Final = 0.02


class _Originals:
    """A module, with originals in the place of some of its names."""

    def __init__(self, module: Any, given: dict[str, Any], names: Iterable[str] = (), of: str = "") -> None:
        """Give it these; and, once they are asked for, those names that another module has."""
        self._module, self._names, self._of = module, frozenset(names), of
        vars(self).update(given)

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            return getattr(self._module, name)
        found = original(self._of, name)
        setattr(self, name, found)
        return found


def _make() -> Any:
    """Make the class. Where a compiler of programs has left no code of it, it is the one that there is."""
    loader: Any = getattr(subprocess.__spec__, "loader", None)
    if not hasattr(loader, "get_code"):
        return subprocess.Popen
    given = {
        # But the environment is the one that programs change.
        "os": _Originals(os, {"environ": os.environ}, dir(__import__("posix")), "posix"),
        "io": _Originals(io, {}, ("open",), "_io"),
        "threading": _Originals(threading, {"Lock": allocate_lock}),
        "time": CLOCK,
    }

    def import_original(name: str, *arguments: Any) -> Any:
        return given[name] if name in given else builtins.__import__(name, *arguments)

    names: dict[str, Any] = {
        "__name__": "subprocess",
        "__builtins__": {**vars(builtins), "__import__": import_original},
    }
    exec(loader.get_code("subprocess"), names)
    # What programs catch.
    for name in ("SubprocessError", "CalledProcessError", "TimeoutExpired"):
        names[name] = getattr(subprocess, name)
    found: Any = subprocess.Popen
    bases = (names["Popen"], found) if found.__module__ == "subprocess" else (names["Popen"],)
    return type("Popen", bases, {"wait": _wait, "_wait_in_thread": names["Popen"].wait})


def _wait(self: Any, timeout: float | None = None) -> int:
    """Wait for the end of the process and let other greenlets run, if there are any; return its status."""
    if patched_by() is None:
        return int(self._wait_in_thread(timeout))
    deadline_s = None if timeout is None else CLOCK.monotonic() + timeout
    while self.poll() is None:
        if deadline_s is not None and CLOCK.monotonic() >= deadline_s:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        time.sleep(POLL_S)  # the library's
    return int(self.returncode)


_popen: Final = _make()


def native_popen() -> Any:
    """Return the class. Threads: any."""
    return _popen
