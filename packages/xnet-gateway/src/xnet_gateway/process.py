"""A worker process of this machine: its handle, its death, its last words."""

from __future__ import annotations

# `signal` makes enums of these, and importing it takes longer than starting a process.
from _signal import SIGCONT, SIGKILL, SIGTERM  # type: ignore[import-not-found]  # no stub

from xnet_channel.platform.interests import READ
from xnet_channel.platform.native import OS, allocate_lock
from xnet_channel.platform.reactor import get_reactor
from xnet_gateway.exit_notice import ExitNotice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_gateway.child import Started
    from xnet_gateway.output_relay import OutputRelay

#: How often a process is checked where there is no handle to wait on, in seconds.
POLL_S: Final = 0.05
#: How soon to look again for the status that another thread is fetching, in seconds.
REAPED_S: Final = 0.001
#: Between SIGTERM and SIGKILL, in seconds.
KILL_GRACE_S: Final = 1.0


class WorkerProcess:
    """A process started for a gateway; execnet's programs reach it as ``gateway._io``.

    Attributes:
        remoteaddress: Where the process runs, for messages.

    Threads: any.
    """

    def __init__(self, started: Started, relay: OutputRelay | None, remoteaddress: str = "localhost") -> None:
        self._started = started
        self._popen: Any = None
        self.remoteaddress = remoteaddress
        self._relay = relay
        self._lock = allocate_lock()
        self._exit = ExitNotice()
        self._parent_pid = OS.getpid()
        self._kill_timer_set = False
        self._status_stolen = False
        self._pidfd = open_pidfd(started.pid)
        reactor = get_reactor()
        if self._pidfd >= 0:
            reactor.watch(self._pidfd, READ, self._pidfd_ready)
        else:
            reactor.call_later(POLL_S, self._poll)

    @property
    def popen(self) -> Any:
        """The ``subprocess.Popen`` that programs of execnet look for; made for who asks."""
        with self._lock:
            if self._popen is None:
                from xnet_gateway.adopted_popen import popen_of

                self._popen = popen_of(self._started)
            return self._popen

    @property
    def pid(self) -> int:
        """Process id."""
        return self._started.pid

    @property
    def returncode(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._started.returncode

    @property
    def exited(self) -> bool:
        """Whether the process has ended and was reaped."""
        return self._exit.told

    def when_exited(self, action: Callable[[], None]) -> None:
        """Run the action on the reactor thread once the process has ended (soon, if it has)."""
        if not self._exit.when_told(action):
            get_reactor().call_soon(action)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the process to end.

        Args:
            timeout: Seconds at most; None waits as long as it takes.

        Returns:
            Its exit status, negative for a signal, or None if it still runs. A forked child does
            not wait: it is not the parent and would never learn of the end.
        """
        if OS.getpid() != self._parent_pid:
            return self._started.returncode
        self._exit.wait(timeout)
        return self._started.returncode

    def kill(self) -> None:
        """End the process: SIGTERM now, SIGKILL if it is still there a moment later."""
        with self._lock:
            if self._exit.told or self._kill_timer_set:
                return
            self._kill_timer_set = True
        self._signal(SIGTERM)
        # A stopped process does not see SIGTERM before it continues.
        self._signal(SIGCONT)
        get_reactor().call_later(KILL_GRACE_S, lambda: self._signal(SIGKILL))

    def kill_now(self) -> None:
        """End the process with SIGKILL."""
        self._signal(SIGKILL)

    def prefix_output(self, prefix: bytes) -> None:
        """Have every line that it writes to standard error begin with this on ours."""
        if self._relay is not None:
            self._relay.prefix_lines(prefix)

    def describe(self) -> str:
        """Return a sentence about how the process ended, with the last lines it wrote."""
        pid = self._started.pid
        returncode = self._started.returncode
        if self._status_stolen:
            sentence = (
                f"its process (pid {pid}) has ended; its exit status is unknown because"
                " another part of this program has taken it"
            )
        elif returncode is None:
            sentence = f"its process (pid {pid}) is still running"
        elif returncode < 0:
            sentence = f"its process (pid {pid}) was killed by signal {signal_name(-returncode)}"
        else:
            sentence = f"its process (pid {pid}) exited with status {returncode}"
        tail = self._relay.tail() if self._relay is not None and returncode else ""
        return f"{sentence}; its last output was:\n{tail}" if tail else sentence

    def _signal(self, number: int) -> None:
        if OS.getpid() != self._parent_pid:
            return  # forked: the process belongs to our parent
        # Popen.send_signal looks first whether the process was reaped: never signals a stranger.
        try:
            self._started.send_signal(number)
        except OSError:
            pass  # it ended at this moment

    def _pidfd_ready(self, events: int) -> None:
        get_reactor().unwatch(self._pidfd)
        OS.close(self._pidfd)
        self._reap()

    def _poll(self) -> None:
        try:
            if peek_status(self._started.pid) is None and self._started.poll() is None:
                get_reactor().call_later(POLL_S, self._poll)
                return
        except ChildProcessError:
            pass
        self._reap()

    def _reap(self) -> None:
        ended_with, stolen = None, False
        try:
            ended_with = peek_status(self._started.pid)
        except ChildProcessError:
            stolen = self._started.returncode is None
        if self._started.poll() is None:
            # It has ended, but another thread sits in popen.wait() and is about to say how.
            get_reactor().call_later(REAPED_S, self._reap)
            return
        if ended_with is not None:
            self._started.returncode = ended_with  # other code may have been quicker than poll()
        elif stolen:
            self._status_stolen = True  # and the 0 that Popen has instead means nothing
        if self._relay is None:
            self._exit.tell()
        else:
            self._relay.drain()
            self._relay.when_written(self._exit.tell)


def peek_status(pid: int) -> int | None:
    """Return how a child of ours has ended, negative for a signal, and leave it to be reaped.

    gevent, for one, reaps every child of the process once it has been asked to wait for one.

    Returns:
        None if it runs, or if this system cannot tell.

    Raises:
        ChildProcessError: It has been reaped.
    """
    if not hasattr(OS, "waitid"):
        return None
    found = OS.waitid(OS.P_PID, pid, OS.WEXITED | OS.WNOHANG | OS.WNOWAIT)
    if found is None:
        return None
    return found.si_status if found.si_code == OS.CLD_EXITED else -found.si_status


def open_pidfd(pid: int) -> int:
    """Return a descriptor that is readable when the process has ended, or -1 without such a thing."""
    if hasattr(OS, "pidfd_open"):
        try:
            return OS.pidfd_open(pid)
        except OSError:
            pass  # an old kernel, or a sandbox that forbids it
    return -1


def signal_name(number: int) -> str:
    """Return for example ``"9 (SIGKILL)"``."""
    import signal

    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
