"""Starting a program: what ``subprocess.Popen`` guarantees, without loading ``subprocess``.

That module and what it imports take as long as all of ours, and the first worker would wait for them. What it
stands on is one function of the system's, which closes every descriptor that is not to be inherited, undoes
what Python does to signals, and tells why a program cannot be executed. Where that function is not the one we
know (PyPy, a Python to come), ``native_popen`` starts the program.

Threads: all functions from any thread. Who calls them holds interrupts back, or a process may be left over.
"""

from __future__ import annotations

import builtins
import os
import sys

from xnet_channel.platform.native import OS, allocate_lock, original

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final, Protocol

    class Started(Protocol):
        """A process that was started: a ``Child``, or a ``subprocess.Popen``."""

        pid: int
        returncode: int | None

        def poll(self) -> int | None:
            """Look whether it has ended; return its status, negative for a signal, or None."""

        def send_signal(self, number: int, /) -> None:
            """Send it a signal, unless it has ended."""


#: For a standard descriptor: the one that we have; one on nothing.
INHERITED: Final = -1
NOTHING: Final = -3
#: A program that cannot be executed says why in fewer bytes.
REASON_BYTES: Final = 50_000


class Child:
    """A process that was started.

    Attributes:
        args: Its command line.
        pid: Its process id.
        returncode: Its exit status, negative for a signal; None while nobody has found that it has ended.
        lock: Held while that is looked for.
    """

    __slots__ = ("args", "lock", "pid", "returncode")

    def __init__(self, args: Sequence[str], pid: int) -> None:
        self.args = args
        self.pid = pid
        self.returncode: int | None = None
        self.lock = allocate_lock()

    def poll(self) -> int | None:
        """See ``Started``. Who comes while another thread looks does not wait for it."""
        if self.returncode is None and self.lock.acquire(False):
            try:
                if self.returncode is None:
                    pid, status = OS.waitpid(self.pid, OS.WNOHANG)
                    if pid == self.pid:
                        self.returncode = OS.waitstatus_to_exitcode(status)
            except ChildProcessError:
                self.returncode = 0  # somebody else was told, as in `subprocess`
            finally:
                self.lock.release()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """See ``Started``. Never signals a stranger that has got the number since."""
        if self.poll() is None:
            OS.kill(self.pid, number)


def start(
    args: Sequence[str],
    *,
    stdin: int = NOTHING,
    stdout: int = INHERITED,
    stderr: int = INHERITED,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
    new_session: bool = False,
) -> Started:
    """Start a program; return when it executes.

    Args:
        args: The program, looked for in ``PATH`` if there is no slash in it, and its arguments.
        stdin: A descriptor, or one of the two numbers above; so are the next two.
        stdout: See above.
        stderr: See above.
        cwd: Where it begins, None for where we are.
        env: Its environment, None for ours.
        pass_fds: Which other descriptors it inherits, by their numbers.
        new_session: Whether it gets a session, and a group of processes, of its own.

    Raises:
        OSError: It cannot be executed.
        ValueError: There is a zero byte in an argument.
    """
    if _fork_exec is None:
        from xnet_gateway.native_popen import native_popen

        standard = {
            "stdin": None if stdin == INHERITED else stdin,
            "stdout": None if stdout == INHERITED else stdout,
            "stderr": None if stderr == INHERITED else stderr,
        }
        started: Started = native_popen()(
            args, **standard, cwd=cwd, env=env, pass_fds=pass_fds, start_new_session=new_session
        )
        return started
    sys.audit("subprocess.Popen", args[0], args, cwd, env)
    nothing = OS.open(os.devnull, OS.O_RDWR | OS.O_CLOEXEC) if NOTHING in (stdin, stdout, stderr) else -1
    try:
        descriptors = [nothing if fd == NOTHING else fd for fd in (stdin, stdout, stderr)]
        return _start(args, descriptors, cwd, env, pass_fds, new_session)
    finally:
        if nothing >= 0:
            OS.close(nothing)


def _start(
    args: Sequence[str],
    standard: Sequence[int],
    cwd: str | None,
    env: Mapping[str, str] | None,
    pass_fds: tuple[int, ...],
    new_session: bool,
) -> Child:
    program = os.fsencode(args[0])
    programs = [program] if b"/" in program else _in_path(program, env)
    environment = None
    if env is not None:
        environment = [os.fsencode(name) + b"=" + os.fsencode(value) for name, value in env.items()]
    reason_read, reason_write = OS.pipe()
    try:
        while reason_write <= 2:  # where the standard descriptors go
            low, reason_write = reason_write, OS.dup(reason_write)
            OS.close(low)
        try:
            stdin, stdout, stderr = standard
            pid = _fork_exec(
                [os.fsencode(word) for word in args],
                programs,
                True,  # close what is not to be inherited
                tuple(sorted({*pass_fds, reason_write})),
                cwd,
                environment,
                *(stdin, -1, -1, stdout, -1, stderr, reason_read, reason_write),
                True,  # restore signals
                new_session,
                *_REST,
            )
        finally:
            OS.close(reason_write)
        reason = b""
        while True:
            piece = OS.read(reason_read, REASON_BYTES)  # nothing once it executes
            reason += piece
            if not piece or len(reason) > REASON_BYTES:
                break
    finally:
        OS.close(reason_read)
    child = Child(args, pid)
    if reason:
        try:
            OS.waitpid(pid, 0)
        except ChildProcessError:
            pass  # reaped by somebody who reaps all
        raise _reason_error(reason, args[0], cwd)
    return child


def _in_path(program: bytes, env: Mapping[str, str] | None) -> list[bytes]:
    """Return where a program may be, in the order in which it is tried."""
    return [os.path.join(os.fsencode(folder), program) for folder in os.get_exec_path(env)]


def _reason_error(reason: bytes, program: str, cwd: str | None) -> Exception:
    """Return the error that the process has written before it ended, as ``name:errno in hex:where``."""
    try:
        name, number, where = reason.split(b":", 2)
        kind = getattr(builtins, name.decode("ascii"))
        code = int(number, 16)
    except (AttributeError, ValueError):
        return OSError(f"{program!r} could not be executed; the process said {reason!r}")
    if issubclass(kind, OSError) and code:
        return OSError(code, os.strerror(code), cwd if where == b"noexec" else program)
    return OSError(f"{program!r} could not be executed: {where.decode('utf-8', 'replace')}")


def _found() -> tuple[Any, tuple[Any, ...]]:
    """Return the function of the system's and its last arguments, or None where it is not as we know it."""
    # No group of processes, no other user, no mask, no code of Python's before the program.
    as_in_310: tuple[Any, ...] = (None, None, None, -1, None)
    since_311 = (-1, *as_in_310, True)  # True: vfork
    rest = {(3, 10): as_in_310, (3, 11): since_311, (3, 12): since_311, (3, 13): since_311}
    version = sys.version_info[:2]
    if sys.implementation.name != "cpython" or version not in rest:
        return None, ()
    try:
        return original("_posixsubprocess", "fork_exec"), rest[version]
    except (AttributeError, ImportError):
        return None, ()


_fork_exec, _REST = _found()
