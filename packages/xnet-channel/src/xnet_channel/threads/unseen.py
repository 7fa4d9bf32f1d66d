"""Errors of other sides that were not seen: each is reported once, on standard error.

An error waits at its channel until ``receive``, ``waitclose`` or the like raise it. It is reported here when
it can no longer be seen there: when the channel is dropped, when it was gone before the error came, and when
the interpreter ends.
"""

from __future__ import annotations

from collections import deque

from xnet_channel.platform.native import allocate_lock, start_thread
from xnet_channel.threads.at_exit import TELLERS
from xnet_channel.threads.errors import write_to_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Protocol

    from xnet_channel.platform.reactor import Reactor
    from xnet_channel.threads.errors import RemoteError

    class Keeper(Protocol):
        """Where errors wait until the channel is looked at: its mailbox."""

        remote_errors: list[RemoteError]


#: How many are reported in full at once; others are only counted.
MOST: Final = 20


class Unseen:
    """The errors of this process that have not been seen yet.

    Threads: any, also finalisers: takes no lock, but for ``tell``.
    """

    def __init__(self) -> None:
        #: Mailboxes with errors whose channel is still held.
        self._waiting: set[Keeper] = set()
        #: Errors to report, and how many more there were.
        self._due: deque[RemoteError] = deque()
        self._left_out = 0
        #: Whether the reactor is going to look: a peer may send a hundred thousand errors a second.
        self._asked = False
        self._telling = allocate_lock()

    def keep(self, mailbox: Keeper) -> None:
        """Note that errors wait in a mailbox."""
        self._waiting.add(mailbox)

    def forget(self, mailbox: Keeper) -> None:
        """Note that none waits there any more: it was seen."""
        self._waiting.discard(mailbox)

    def drop(self, mailbox: Keeper, reactor: Reactor) -> None:
        """Report the errors of a mailbox whose channel was dropped."""
        self._waiting.discard(mailbox)
        while mailbox.remote_errors:
            error = mailbox.remote_errors.pop(0)
            try:
                if not reactor.is_current_thread:
                    error.warn()
                    continue
            except RuntimeError:
                pass  # a finaliser: this thread is in the middle of writing there
            self.tell_soon(error, reactor)

    def tell_soon(self, error: RemoteError, reactor: Reactor) -> None:
        """Have an error reported by a thread that may wait for standard error."""
        self._add(error)
        if not self._asked:
            self._asked = True
            reactor.call_soon(self._start)

    def tell(self, timeout_s: float) -> None:
        """Report all, including those that wait at channels: the interpreter ends.

        Args:
            timeout_s: How long to wait for a thread that is already reporting.
        """
        for mailbox in list(self._waiting):
            for error in mailbox.remote_errors:
                self._add(error)
        self._waiting.clear()
        # It is not given back: a thread that writes while the interpreter takes itself apart would crash it.
        if self._telling.acquire(timeout=timeout_s):
            self._write()

    def forget_after_fork(self) -> None:
        """Leave them to the parent."""
        self.__init__()  # type: ignore[misc]

    def _add(self, error: RemoteError) -> None:
        if len(self._due) < MOST:
            self._due.append(error)
        else:
            self._left_out += 1

    def _start(self) -> None:
        self._asked = False
        # A thread that is reporting looks again when it is done.
        if self._due and not self._telling.locked():
            start_thread(self._tell, (), "xnet-unseen-errors", carries=True)

    def _tell(self) -> None:
        # If the lock is taken, its holder reports these too: it looks again after releasing it.
        while self._due and self._telling.acquire(False):
            try:
                self._write()
            finally:
                self._telling.release()

    def _write(self) -> None:
        while self._due:
            self._due.popleft().warn()
        left_out, self._left_out = self._left_out, 0
        if left_out:
            write_to_stderr(f"and {left_out} more remote errors that nobody received\n")


UNSEEN: Final = Unseen()
TELLERS.append(UNSEEN.tell)
