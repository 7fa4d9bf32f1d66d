"""The tracer of this process, if EXECNET_DEBUG or XNET_TRACE_JSON asks for one.

Spec: TR-001 to TR-005, TR-020. The formats are in ``xnet_wire.trace``; files, clock and environment are here.
"""

from __future__ import annotations

import os
import stat

from xnet_channel.platform.native import CLOCK, OS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_wire.trace import Tracer

#: The same everywhere. Loading `errno` would give each worker a hundred names more.
EEXIST: Final = 17
_tracer: Tracer | None = None
_opened_by_pid = 0


def maybe_tracer() -> Tracer | None:
    """Return the tracer of this process, opening it on first use; None if tracing is off.

    The environment is looked at once for each process (and again after a fork).

    Threads: any.
    """
    global _tracer, _opened_by_pid
    if "EXECNET_DEBUG" not in os.environ and "XNET_TRACE_JSON" not in os.environ:
        return None
    pid = OS.getpid()
    if _opened_by_pid != pid:
        from xnet_wire.trace import open_tracer

        _tracer = open_tracer(os.environ, pid, _temp_dir, _write_stderr, _open_file, CLOCK.monotonic_ns)
        _opened_by_pid = pid
    return _tracer


def _temp_dir() -> str:
    import tempfile

    return tempfile.gettempdir()


def _write_stderr(line: str) -> None:
    # The descriptor, not sys.stderr: what replaces that (a test's capture) belongs to user code.
    try:
        OS.write(2, line.encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # nothing reads it: tracing must never be what breaks a program


def _open_file(path: str) -> Callable[[str], object]:
    try:
        fd = _open_private(path)
    except OSError as error:
        words = error.strerror or error
        _write_stderr(f"[{OS.getpid()}] cannot write the trace file {path}, going on without it: {words}\n")
        return lambda line: None
    # One write call for each line, appended: lines of several threads never mix.
    return lambda line: OS.write(fd, line.encode("utf-8", "backslashreplace"))


def _open_private(path: str) -> int:
    """Open a file that no other user can have put there, for appending. Spec: TR-005.

    Raises:
        OSError: Something else is there, or it cannot be created.
    """
    flags = OS.O_WRONLY | OS.O_APPEND | OS.O_NOFOLLOW | OS.O_CLOEXEC
    try:
        return OS.open(path, flags | OS.O_CREAT | OS.O_EXCL, 0o600)
    except FileExistsError:
        pass
    # An earlier process of ours had the same number, or someone guessed ours: a pipe would make us wait.
    fd = OS.open(path, flags | OS.O_NONBLOCK)
    found = OS.fstat(fd)
    if (
        not stat.S_ISREG(found.st_mode)
        or found.st_uid != OS.geteuid()
        or found.st_nlink != 1
        or found.st_mode & 0o077
    ):
        OS.close(fd)
        raise FileExistsError(EEXIST, "what is there is not a file of this user alone; remove it")
    return fd
