"""Who reads a session's descriptor: the reactor, or a thread that waits for something.

A thread that has to wait *leads* if nobody else does: it takes the descriptor away from the
reactor, reads and dispatches what comes, for itself and for everybody, until it has what it waits
for. That saves the wake-up of a second thread for every message. The others *follow*: they wait on
a condition until the leader (or the reactor) has something for them.

A leader gives the descriptor back lazily. In a ping-pong it will be back within microseconds, so
the descriptor is left lying for a moment ("lent"); the reactor takes it when it has not been used
for a while, and at once when somebody else depends on it: a follower, or a callback.

Rules that keep this free of hangs:

1. At any time at most one thread reads: whoever has set ``leader``.
2. A thread only follows while somebody leads or the reactor has the descriptor.
3. Whoever stops leading while others follow gives the descriptor to the reactor at once.
4. After taking the lead a thread looks again whether it still has to wait.
"""

from __future__ import annotations

import os
import select
import time

from xnet_channel.threads.reactor import READ
from xnet_channel.threads.waker import Waker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.threads.reactor import Timer
    from xnet_channel.threads.session import Session
    from xnet_channel.threads.wait_list import WaitList

#: How long a lent descriptor may lie unused before the reactor takes it, in seconds. It is the
#: longest that a message can lie unnoticed, and short enough for callers of status.
LENT_S: Final = 0.005

#: One read takes at most this much. Larger payloads are read straight into their own buffer.
READ_BYTES: Final = 65_536

#: A read from the reactor goes on for at most this many chunks before others get their turn.
CHUNKS_PER_TURN: Final = 16


class Leading:
    """The incoming side of a session.

    Attributes:
        eof: Nothing more can be read.

    Threads: methods with ``_locked`` need the session's lock.
    """

    def __init__(self, session: Session, fd: int) -> None:
        self._session = session
        self._fd = fd
        self._buffer = bytearray(READ_BYTES)
        self._view = memoryview(self._buffer)
        self._leading = False
        self._attached = False
        self._followers = 0
        self._uses = 0
        self._lent_uses = 0
        self._lent_timer: Timer | None = None
        self._waker: Waker | None = None
        self._poller: select.poll | None = None
        self.eof = False

    def wait_locked(
        self,
        ready: Callable[[], bool],
        deadline_s: float | None,
        waiters: WaitList,
    ) -> bool:
        """Block until ``ready()`` or the deadline (monotonic).

        Returns:
            What ``ready()`` said last. The session's end makes this return too: ``ready`` must
            be true then.

        Threads: any but the reactor; called with the lock, which is let go while waiting.
        """
        session = self._session
        while not ready():
            if deadline_s is not None and time.monotonic() >= deadline_s:
                return False
            if self._leading or self.eof or session.reactor.is_current_thread:
                self._followers += 1
                try:
                    left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
                    waiters.wait_locked(session.lock, left_s)
                finally:
                    self._followers -= 1
            else:
                self._lead_locked(ready, deadline_s)
        return True

    def lent_in_need_locked(self) -> None:
        """Give a lent descriptor to the reactor now: somebody depends on it."""
        if not self._leading and not self._attached:
            self._attach_locked()

    def wake_leader(self) -> None:
        """Make the leading thread look again at what it waits for."""
        if self._waker is not None:
            self._waker.wake()

    def finish_locked(self) -> bool:
        """Stop reading.

        Returns:
            Whether nobody reads, so that the descriptor can be closed. Else the leader is woken
            and must call ``session.leader_left_locked`` (it does so when it stops leading).
        """
        self._detach_locked()
        if self._leading:
            self.wake_leader()
            return False
        return True

    def close(self) -> None:
        """Give back what belongs to this object."""
        if self._waker is not None:
            self._waker.close()
            self._waker = None

    # -- leading --------------------------------------------------------------------------------

    def _lead_locked(self, ready: Callable[[], bool], deadline_s: float | None) -> None:
        """Read for everybody until ``ready()``, the deadline, or the end."""
        session = self._session
        self._leading = True
        try:
            self._detach_locked()
            poller = self._make_poller_locked()
            session.lock.release()
            try:
                while True:
                    if deadline_s is None:
                        timeout_ms = None
                    else:
                        timeout_ms = max(0.0, deadline_s - time.monotonic()) * 1000
                        # poll() rounds down to whole milliseconds; waking early would be a lie.
                        timeout_ms = -(-timeout_ms // 1)
                    found = poller.poll(timeout_ms)
                    with session.lock:
                        if found:
                            self._read_turn_locked(found)
                        if self.eof or session.finished or ready():
                            return
                        if deadline_s is not None and time.monotonic() >= deadline_s:
                            return
            finally:
                session.lock.acquire()
        finally:
            self._leading = False
            self._uses += 1
            self._stop_leading_locked()

    def _read_turn_locked(self, found: list[tuple[int, int]]) -> None:
        waker = self._waker
        if len(found) > 1 or found[0][0] != self._fd:
            if waker is not None:
                waker.drain()
            if all(fd != self._fd for fd, _ in found):
                return
        self._read_locked()

    def _stop_leading_locked(self) -> None:
        session = self._session
        if session.finished:
            session.leader_left_locked()
        elif self.eof:
            pass
        elif self._followers or session.has_callbacks:
            self._attach_locked()
        else:
            self.lend_locked()

    def lend_locked(self) -> None:
        """Leave the descriptor lying for whoever leads next; the reactor looks after it."""
        if self._lent_timer is None:
            self._lent_uses = self._uses
            self._lent_timer = self._session.reactor.call_later(LENT_S, self._lent_timer_fired)

    def _lent_timer_fired(self) -> None:
        with self._session.lock:
            self._lent_timer = None
            if self._leading or self._attached or self.eof or self._session.finished:
                return  # whoever leads lends it again
            if self._uses != self._lent_uses:
                self.lend_locked()
            else:
                self._attach_locked()

    def _make_poller_locked(self) -> select.poll:
        if self._poller is None:
            self._waker = Waker()
            self._poller = select.poll()
            self._poller.register(self._fd, select.POLLIN)
            self._poller.register(self._waker, select.POLLIN)
        return self._poller

    # -- the reactor's part ---------------------------------------------------------------------

    def _attach_locked(self) -> None:
        if not self._attached and not self.eof and not self._session.finished:
            self._attached = True
            self._session.reactor.watch(self._fd, READ, self._on_readable)

    def _detach_locked(self) -> None:
        if self._attached:
            self._attached = False
            self._session.reactor.unwatch(self._fd)

    def _on_readable(self, events: int) -> None:
        for _ in range(CHUNKS_PER_TURN):
            with self._session.lock:
                # Somebody may have taken the lead since the selector returned. Rule 1.
                if not self._attached or self._leading or not self._read_locked():
                    return

    def read_rest_locked(self, reads: int) -> None:
        """Read what is there right now: the process at the other end has died."""
        while reads > 0 and not self.eof and not self._session.finished:
            reads -= 1
            if not self._read_locked() and self.eof:
                return
            if not select.select([self._fd], [], [], 0)[0]:
                return

    # -- reading --------------------------------------------------------------------------------

    def _read_locked(self) -> bool:
        """Read once and dispatch. Return whether there may be more to read right now."""
        session = self._session
        connection = session.connection
        pending = connection.pending_view()
        wanted = self._view if pending is None else pending
        try:
            count = os.readv(self._fd, (wanted,))
        except BlockingIOError:
            return False
        except OSError as error:
            # A reset connection ends like a closed one; the text tells them apart.
            self._end_locked(error)
            return False
        if not count:
            self._end_locked(None)
            return False
        if pending is None:
            events = connection.receive_data(self._view[:count])
        else:
            events = connection.pending_filled(count)
        session.dispatch_locked(events)
        return count == len(wanted) and not session.finished

    def _end_locked(self, error: OSError | None) -> None:
        self.eof = True
        self._detach_locked()
        self._session.eof_locked(error)
