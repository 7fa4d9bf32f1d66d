"""Writing frames to the descriptor: from the calling thread whenever that is possible.

The descriptor is non-blocking. What the kernel does not take at once stays in the backlog; then
either the thread that queued it waits until it has gone (``wait_written``), or, where no thread may
wait, the reactor writes it as soon as it can.
"""

from __future__ import annotations

import select

from xnet_channel.platform import greenlets
from xnet_channel.platform.interests import WRITE
from xnet_channel.platform.interrupts import InterruptsHeld, InterruptsLetThrough
from xnet_channel.platform.native import CLOCK, OS, poll
from xnet_channel.platform.wait_list import WaitList
from xnet_wire.frames import HEADER_BYTES
from xnet_wire.limits import PART_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.outgoing import Buffer
    from xnet_channel.threads.link import Link

#: How many buffers one writev takes: IOV_MAX is 1024 on Linux and macOS.
MAX_VECTOR: Final = 512

#: What a buffer takes besides its bytes: an empty PONG has nine, and takes fifty.
BUFFER_COST_BYTES: Final = 48

#: Answers (PONG, CREDIT, STATUS ...) that a peer may leave unread before it is cut off, in bytes: so much
#: as it may make us keep of its items, between these two. Spec: LI-010
MAX_UNREAD_BYTES: Final = 64 * 1024 * 1024
MIN_UNREAD_BYTES: Final = 1024 * 1024

#: A waiting writer looks this often whether the session has ended, in seconds: a process that was
#: found dead leaves its socket open, and not writable, while a forked child of it holds it.
RECHECK_S: Final = 0.5


class Writer:
    """The outgoing side of a link.

    Attributes:
        written_bytes: Everything written so far; compare with ``Outgoing.queued_bytes``.
        broken: The error of the write that failed, after which nothing more can be sent.
        most_unread_bytes: The most that answers may take for which no thread waits.

    Threads: methods with ``_locked`` need the session's lock.
    """

    __slots__ = (
        "_backlog",
        "_fd",
        "_green_waiters",
        "_link",
        "_out",
        "_waiting",
        "_watched",
        "broken",
        "most_unread_bytes",
        "written_bytes",
    )

    def __init__(self, link: Link) -> None:
        self._link = link
        self._fd = link.descriptors.write_fd
        self._out = link.connection.out
        memory_bytes = link.connection.local.limits.memory
        self.most_unread_bytes = max(MIN_UNREAD_BYTES, min(MAX_UNREAD_BYTES, memory_bytes))
        self._backlog: list[Buffer] = []
        self._waiting = 0
        self._watched = False
        self._green_waiters = WaitList()
        self.written_bytes = 0
        self.broken: OSError | None = None

    @property
    def backlog_bytes(self) -> int:
        """Bytes that are queued and that the kernel has not taken yet."""
        return self._out.queued_bytes - self.written_bytes

    @property
    def unread_answers_bytes(self) -> int:
        """Bytes of answers for which no thread waits: a thread that sends waits with one frame at most."""
        kept_bytes = self.backlog_bytes + len(self._backlog) * BUFFER_COST_BYTES
        return kept_bytes - self._waiting * (HEADER_BYTES + PART_BYTES)

    def write_locked(self, data: Buffer) -> bool:
        """Write one frame that is not queued, while none is; as ``flush_locked``."""
        if self._backlog or self.broken is not None:
            self._out.buffers.append(data)
            return self.flush_locked()
        # The usual case: one small frame and a kernel that takes it.
        try:
            done = OS.write(self._fd, data)
        except BlockingIOError:
            done = 0
        except OSError as error:
            return self._break_locked(error)
        self.written_bytes += done
        if done == len(data):
            return True
        self._backlog.append(memoryview(data)[done:])
        return False

    def flush_locked(self) -> bool:
        """Write what is queued as far as the kernel takes it.

        Returns:
            Whether nothing is left. After a failed write everything counts as gone; see
            ``broken``.
        """
        backlog = self._backlog
        out = self._out
        fresh, out.buffers = out.buffers, []
        if not backlog and len(fresh) == 1 and self.broken is None:
            return self.write_locked(fresh[0])
        had_to_wait = bool(backlog)
        written_bytes = self.written_bytes
        backlog += fresh
        done = self._flush_backlog_locked()
        if had_to_wait and self.written_bytes != written_bytes:
            self._link.heard = True  # the peer reads: a sign of life (FR-026)
        return done

    def flush_soon_locked(self) -> None:
        """Like ``flush_locked``, but leave the rest to the reactor."""
        if not self.flush_locked() and not self._waiting:
            self._watch_locked()

    def return_credit_locked(self, channel: ChannelState) -> None:
        """Send the credit that is due, uninterrupted: half sent, it would leave a sender waiting forever."""
        with InterruptsHeld():
            self._link.connection.return_credit(channel)
            self.flush_soon_locked()

    def wait_written(self, position_bytes: int) -> None:
        """Block until ``written_bytes`` has reached the position.

        Ends early if the session does: the caller looks at ``broken``. And in a signal handler that came in
        the middle of a change, whose thread has the lock: then the reactor writes the rest.

        Threads: any but the reactor; without the lock.
        """
        link = self._link
        if link.lock._is_owned():  # type: ignore[attr-defined]
            self._watch_locked()
            return
        if greenlets.run_here():
            self._wait_written_in_greenlet(position_bytes)
            return
        poller = poll()
        poller.register(self._fd, select.POLLOUT)
        # Interrupts are held back but while polling, or the count would be wrong for ever.
        with InterruptsHeld() as held:
            with link.lock:
                self._waiting += 1
            try:
                self._write_until(position_bytes, poller, InterruptsLetThrough(held.here))
            finally:
                with link.lock:
                    self._waiting -= 1
                    if self._backlog and not self._waiting and not link.finished:
                        self._watch_locked()

    def _wait_written_in_greenlet(self, position_bytes: int) -> None:
        """Have the reactor write, and let other greenlets run meanwhile."""
        link = self._link
        with link.lock:
            self._waiting += 1
            try:
                while True:  # and no condition: see Flag.wait
                    if self.flush_locked() or self.written_bytes >= position_bytes:
                        return
                    if self.broken or link.finished:
                        return
                    self._watch_locked()
                    self._green_waiters.wait_locked(link.lock, None)
            finally:
                self._waiting -= 1
                if self._backlog and not link.finished:
                    self._watch_locked()

    def _write_until(
        self, position_bytes: int, poller: select.poll, interrupts: InterruptsLetThrough
    ) -> None:
        link = self._link
        while True:
            with link.lock:
                self.flush_locked()
                if self.written_bytes >= position_bytes or self.broken or link.finished:
                    return
            with interrupts:
                poller.poll(RECHECK_S * 1000)

    def flush_until(self, deadline_s: float) -> bool:
        """Try until the deadline (monotonic) to write everything; return whether it has gone."""
        poller = poll()
        poller.register(self._fd, select.POLLOUT)
        while True:
            with self._link.lock:
                if self._link.finished or self.flush_locked():
                    return not self._backlog
            left_s = deadline_s - CLOCK.monotonic()
            if left_s <= 0:
                return False
            poller.poll(min(left_s, RECHECK_S) * 1000)

    def finish_locked(self) -> None:
        """Forget what could not be written: the session has ended."""
        self.forget()
        self._unwatch_locked()
        self._green_waiters.notify_all_locked()

    def forget(self) -> None:
        """Drop what is queued: from now on the descriptor's number may stand for something else."""
        self._backlog.clear()
        self._out.buffers = []

    def _flush_backlog_locked(self) -> bool:
        backlog = self._backlog
        while backlog:
            if self.broken is not None:
                backlog.clear()
                return True
            vector = backlog[:MAX_VECTOR]
            try:
                done = OS.writev(self._fd, vector)
            except BlockingIOError:
                return False
            except OSError as error:
                return self._break_locked(error)
            self.written_bytes += done
            taken = 0
            for data in vector:
                if done < len(data):
                    break
                done -= len(data)
                taken += 1
            del backlog[:taken]
            if done:
                backlog[0] = memoryview(backlog[0])[done:]
        return True

    def _break_locked(self, error: OSError) -> bool:
        """Note that the other side takes nothing any more; reading goes on until its end."""
        if self.broken is None:
            self.broken = error
        self._backlog.clear()
        return True

    def _watch_locked(self) -> None:
        if not self._watched:
            self._watched = True
            self._link.reactor.watch(self._link.descriptors.write_watch_fd, WRITE, self._on_writable)

    def _unwatch_locked(self) -> None:
        if self._watched:
            self._watched = False
            self._link.reactor.unwatch(self._link.descriptors.write_watch_fd)

    def _on_writable(self, events: int) -> None:
        with self._link.lock:
            if self._link.finished or self.flush_locked():
                self._unwatch_locked()
            self._green_waiters.notify_all_locked()
