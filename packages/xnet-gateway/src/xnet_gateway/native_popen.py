"""``subprocess.Popen``, whatever a program has put in its place.

Those of gevent and eventlet wait for their processes in a loop of the thread that started them; ours are
waited for by the reactor. gevent also takes the function away that the original starts processes with, so
where anything is patched a copy of the module is used.
"""

from __future__ import annotations

import subprocess
import time

from xnet_channel.threads.native import original, patched_by, private_copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

#: How often a greenlet that waits for a process looks at it, in seconds.
POLL_S: Final = 0.02

_copied: Any = None


def native_popen() -> Any:
    """Return the class. Threads: any."""
    global _copied
    if _copied is None:
        if patched_by() is None and subprocess.Popen.__module__ == "subprocess":
            return subprocess.Popen
        _copied = _copy()
    return _copied


def _copy() -> Any:
    """Make the class of an original module over original functions of the operating system."""
    import os

    copy: Any = private_copy("subprocess")
    copy.os = type(os)("os")
    vars(copy.os).update({name: original("os", name) for name in dir(os)})
    # What programs catch.
    for name in ("SubprocessError", "CalledProcessError", "TimeoutExpired"):
        setattr(copy, name, getattr(subprocess, name))

    class Popen(copy.Popen):  # type: ignore[misc]
        """It, for a program with greenlets that waits for the process itself."""

        def wait(self, timeout: float | None = None) -> int:
            """Wait for the end of the process and let other greenlets run; return its exit status."""
            deadline_s = None if timeout is None else time.monotonic() + timeout
            while self.poll() is None:
                if deadline_s is not None and time.monotonic() >= deadline_s:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
                time.sleep(POLL_S)
            return int(self.returncode)

    return Popen
