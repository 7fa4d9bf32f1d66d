"""Which thread reads a connection's descriptor: the reactor, or one that waits for something.

A thread that has to wait *leads* if no other does: it takes the descriptor away from the
reactor, reads and dispatches what comes, for itself and for all others, until it has what it waits
for. That saves the wake-up of a second thread for every message. The others *follow*: they wait on
a condition until the leader (or the reactor) has something for them.

A leader gives the descriptor back lazily. In a ping-pong it will be back within microseconds, so
the descriptor is left lying for a moment ("lent"); the reactor takes it when it has not been used
for a while, and at once when something else depends on it: a follower, or a callback.

Rules that keep this free of hangs:

1. At any time at most one thread reads: the one whose ident is ``_leader``.
2. A thread only follows while another leads or the reactor has the descriptor.
3. A thread that stops leading while others follow gives the descriptor to the reactor at once.
4. After taking the lead a thread looks again whether it still has to wait.
"""

from __future__ import annotations

import select
from functools import partial
from sys import modules

from xnet_channel.core import states
from xnet_channel.platform import greenlets
from xnet_channel.platform.interests import READ
from xnet_channel.platform.interrupts import (
    INTERRUPTS,
    hold_interrupts,
    let_interrupts_through,
    release_interrupts,
)
from xnet_channel.platform.native import CLOCK, get_ident, poll
from xnet_channel.platform.spin import Spin
from xnet_channel.platform.stack_room import may_read
from xnet_channel.platform.wait_list import IN_A_CHANGE
from xnet_channel.platform.waker import Waker
from xnet_channel.threads.mailbox import open_mailboxes
from xnet_channel.threads.reading import CHUNKS_PER_TURN, Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.platform.reactor import Timer
    from xnet_channel.platform.wait_list import WaitList, Waking
    from xnet_channel.threads.cancelling import Cancelling
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Mailbox

    Found = list[tuple[int, int]]
    Poll = Callable[[float | None], Found]

#: How long a lent descriptor may lie unused before the reactor takes it, in seconds. A message can
#: lie unnoticed for up to twice as long: short enough for callers of status.
LENT_S: Final = 0.005

#: poll() takes at most 2**31 - 1 milliseconds. A longer wait looks at the clock in between.
MAX_POLL_S: Final = 1_000_000.0

_get_ident = get_ident


class LeaderFollower:
    """The incoming side of a connection.

    Attributes:
        reading: What the thread that reads does.
        callback_count: How many channels have a callback, which waits for what others read.

    Threads: methods with ``_locked`` need the lock, held once.
    """

    __slots__ = (
        "_attached",
        "_cancelling",
        "_fd",
        "_followers",
        "_leader",
        "_lent_timer",
        "_lent_uses",
        "_link",
        "_only_readable",
        "_poll",
        "_read_once",
        "_spins",
        "_uses",
        "_waker",
        "callback_count",
        "reading",
    )

    def __init__(self, link: Link, cancelling: Cancelling) -> None:
        self._link = link
        self._cancelling = cancelling
        self.reading = reading = Reading(link, self._detach_locked)
        self._read_once = reading.read_locked
        self._fd = fd = link.descriptors.read_fd
        self._leader = 0  # ident of the thread that leads, or 0
        self._attached = False
        self._followers = 0
        self._uses = 0
        self._lent_uses = 0
        self._lent_timer: Timer | None = None
        self._waker: Waker | None = None
        self._poll: Poll | None = None
        self._spins = False
        #: What the poll returns when there is something to read and nothing else to look at.
        self._only_readable = [(fd, select.POLLIN)]
        self.callback_count = 0

    @property
    def leads_here(self) -> bool:
        """Whether the caller's thread is the one that leads."""
        return self._leader == _get_ident()

    def wait_locked(self, ready: Callable[[], bool], deadline_s: float | None, waiters: WaitList) -> bool:
        """Block until ``ready()`` or the deadline (monotonic).

        Args:
            ready: Looked at under the lock whenever something came; must not block.
            deadline_s: When to stop waiting, or None.
            waiters: Where to wait while another thread reads.

        Returns:
            What ``ready()`` said last, which must be true at the session's end.

        Threads: any but the reactor; the lock is let go while waiting.
        """
        link = self._link
        cancelling = self._cancelling
        while not ready():
            if cancelling.threads:
                cancelling.interrupt_here_locked()
            if deadline_s is not None and CLOCK.monotonic() >= deadline_s:
                return False
            in_greenlet = greenlets.library is not None and greenlets.run_here()
            leaves_it = in_greenlet or not may_read()
            if leaves_it or (self._leader and self._leader != _get_ident()) or link.eof:
                if leaves_it:  # a greenlet that polled would stop all others; see also ``stack_room``
                    self.hand_to_reactor_locked()
                self._followers += 1
                try:
                    left_s = None if deadline_s is None else max(0.0, deadline_s - CLOCK.monotonic())
                    waiters.wait_locked(link.lock, left_s)
                finally:
                    self._followers -= 1
            else:
                self._lead_locked(ready, deadline_s)
        return True

    def wait_once_for_item_locked(self, channel: ChannelState) -> None:
        """Wait until something comes, in the hope that it is one item on this channel.

        A ping-pong waits like this nearly always, and much of what its round trip costs are the
        steps from here to the item. So it takes fewer than the long way, ``wait_locked``, which
        the caller has to go whenever no item is there afterwards.

        Args:
            channel: Has no items and no callback; and frames are not traced.

        Threads: as ``wait_locked``.
        """
        connection = self._link.connection
        if (
            not self._leader
            and greenlets.library is None
            and connection.phase is states.RUNNING
            and channel.receiver.state is states.OPEN
            and len(connection.table.open) == 1  # else others may starve: see ``deadlock_relief``
            and may_read()
        ):
            self._lead_locked(None, None, channel)

    def hand_to_reactor_locked(self) -> None:
        """Give a lent descriptor to the reactor now: something depends on it."""
        if not self._leader and not self._attached:
            self._attach_locked()

    def begin_to_follow_locked(self, waiters: WaitList, waiter: Waking) -> None:
        """Have a waiter woken that is not a thread, and the reactor or a leader read meanwhile."""
        waiters.add_locked(waiter)
        self._followers += 1
        self.hand_to_reactor_locked()

    def end_to_follow_locked(self, waiters: WaitList, waiter: Waking) -> None:
        """It waits no longer."""
        waiters.discard_locked(waiter)
        self._followers -= 1

    def wake_leader_locked(self) -> None:
        """Make the leading thread look again at what it waits for."""
        if self._leader and self._leader != _get_ident() and self._waker is not None:
            self._waker.wake()

    def tell_locked(self, mailbox: Mailbox) -> None:
        """Report news of the channel that was not read: wake its waiters, the leader included."""
        mailbox.waiters.notify_all_locked()
        self.wake_leader_locked()

    def wake_all_locked(self) -> None:
        """Make all waiting threads look again."""
        self._link.changed.notify_all_locked()
        for mailbox in open_mailboxes(self._link.connection):
            mailbox.waiters.notify_all_locked()
        self.wake_leader_locked()

    def finish_locked(self) -> None:
        """Stop reading, and close the descriptors; a leader is woken and does it when it stops leading."""
        self._detach_locked()
        self.wake_leader_locked()
        if not self._leader:
            self.close_locked()

    def close_locked(self) -> None:
        """Give the descriptors back; the last thread that reads does it."""
        if self._waker is not None:
            self._waker.close()
            self._waker = self._poll = None
        self._link.descriptors.close()

    # -- leading --------------------------------------------------------------------------------

    def _lead_locked(
        self,
        ready: Callable[[], bool] | None,
        deadline_s: float | None,
        wanted: ChannelState | None = None,
    ) -> None:
        """Read for all until ``ready()``, the deadline, or the end.

        Args:
            ready: As for ``wait_locked``, or None to read only once.
            deadline_s: As for ``wait_locked``.
            wanted: On which channel an item is expected: a hint.
        """
        link = self._link
        lock = link.lock
        me = _get_ident()
        # Interrupts are held back but while polling: see ``interrupts``.
        held = hold_interrupts()
        # A signal handler that uses the session while its thread polls leads within leading.
        within = self._leader == me
        try:
            self._leader = me
            if self._attached:
                self._detach_locked()
            # "concurrent poll() invocation": a poll object is used once at a time.
            look = self._poll if self._poll is not None and not within else self._make_poll()
            timeout_ms = None
            while True:
                if deadline_s is not None:
                    # poll() rounds down to whole milliseconds; waking early would be a lie.
                    left_s = min(max(0.0, deadline_s - CLOCK.monotonic()), MAX_POLL_S)
                    timeout_ms = -(-left_s * 1000 // 1)
                lock.release()
                if lock._is_owned():  # type: ignore[attr-defined]
                    lock.acquire()
                    raise RuntimeError(IN_A_CHANGE)
                try:
                    if held is not None:
                        INTERRUPTS.let_through = True
                        if INTERRUPTS.caught:
                            let_interrupts_through()
                    if ("gevent" in modules or "eventlet" in modules) and greenlets.run_here():
                        found = []  # the program uses greenlets since a moment ago
                    else:
                        found = look(timeout_ms)
                finally:
                    if held is not None:
                        INTERRUPTS.let_through = False
                    lock.acquire()
                if self._leader != me:
                    return  # a signal handler used this session; look again which thread leads
                if found == self._only_readable:
                    if self._read_once(wanted):
                        self.reading.read_large_locked()
                elif found:
                    self._read_woken_locked(found)
                elif greenlets.library is not None and greenlets.run_here():
                    return  # not for a greenlet to do: it would stop all others
                if ready is None or ready() or link.eof or link.finished or self._cancelling.threads:
                    return
                if deadline_s is not None and CLOCK.monotonic() >= deadline_s:
                    return
        except BaseException:
            # KeyboardInterrupt may have come just before the lock was taken again.
            if not lock._is_owned():  # type: ignore[attr-defined]
                lock.acquire()
            raise
        finally:
            if self._leader == me:
                self._leader = 0
                self._uses += 1
                if (
                    self._lent_timer is None
                    or self._followers
                    or self.callback_count
                    or link.eof
                    or link.finished
                ):
                    self._stop_leading_locked()
                if within and self._waker is not None:
                    self._waker.wake()  # what the outer one waits for may have been read here
            if held is not None:
                INTERRUPTS.let_through = False
                release_interrupts(held)

    def _read_woken_locked(self, found: list[tuple[int, int]]) -> None:
        """Read after the waker was used; the descriptor may have something as well."""
        if self._waker is not None:
            self._waker.drain()
        if any(fd == self._fd for fd, _ in found) and not self._link.finished:
            self._read_once()

    def _stop_leading_locked(self) -> None:
        link = self._link
        if link.finished:
            self.close_locked()
        elif link.eof:
            self.wake_all_locked()  # followers must not wait for a leader any more
        elif self._followers or self.callback_count:
            self._attach_locked()
        elif self._lent_timer is None:
            self._lend_locked()

    def _lend_locked(self) -> None:
        """Leave the descriptor lying for the next leader; the reactor looks after it."""
        self._lent_uses = self._uses
        self._lent_timer = self._link.reactor.call_later(LENT_S, self._lent_timer_fired)

    def _lent_timer_fired(self) -> None:
        with self._link.lock:
            self._lent_timer = None
            if self._leader or self._attached or self._link.eof or self._link.finished:
                return  # the leader lends it again
            if self._uses != self._lent_uses:
                self._lend_locked()
            else:
                self._attach_locked()

    def _make_poll(self) -> Poll:
        if self._waker is None:
            self._waker = Waker()
        poller = poll()
        poller.register(self._fd, select.POLLIN)
        poller.register(self._waker, select.POLLIN)
        look: Poll = poller.poll
        if Spin.longest_s():
            self._spins = True
            look = partial(Spin().poll, look)
        if self._poll is None:
            self._poll = look
        return look

    # -- the reactor's part ---------------------------------------------------------------------

    def _attach_locked(self) -> None:
        if not self._attached and not self._link.eof and not self._link.finished:
            self._attached = True
            self._link.reactor.watch(self._fd, READ, self._on_readable)

    def _detach_locked(self) -> None:
        if self._attached:
            self._attached = False
            self._link.reactor.unwatch(self._fd)

    def _on_readable(self, events: int) -> None:
        for _ in range(CHUNKS_PER_TURN):
            with self._link.lock:
                # A thread may have taken the lead since the selector returned. Rule 1.
                if not self._attached or self._leader or not self._read_once():
                    return
