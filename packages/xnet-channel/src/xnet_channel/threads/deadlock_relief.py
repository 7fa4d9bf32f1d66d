"""When bounding could deadlock, do not bound: the anti-deadlock rule of flow control.

Programs written for execnet rely on its unbounded queues: "send everything, then receive
everything"; "wait until it is closed, then look at the items". While a thread of ours is blocked
on something else of the same connection it cannot take items; the peer may be unable to go on
before its items are taken. So, for that time, arrivals are credited at once (FC-040 to FC-042):

* a thread blocked in ``send()`` relieves the channels that no other thread takes from;
* a thread in ``waitclose()`` of a channel without callback relieves that channel;
* a thread blocked in ``receive()`` or ``waitclose()`` for a stall period relieves, step by step,
  channels without a callback that no other thread takes from.

No other thread takes from a channel if none ever has, or if the last one that did is the blocked thread
itself, or is blocked in ``send()`` as well, or has ended. A channel that another thread, or a
callback, takes from, however slowly, stays bounded. But that thread may wait for the sender itself, in
ways that cannot be seen: if it takes nothing for some seconds, the sender gives its channel a window now and
then. So nothing blocks for ever, and memory grows slowly.
"""

from __future__ import annotations

from xnet_channel.platform.interrupts import InterruptsHeld
from xnet_channel.platform.native import CLOCK
from xnet_channel.threads import takers
from xnet_channel.threads.mailbox import open_mailboxes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.threads.callback_thread import CallbackThread
    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.takers import GreenletTaker, Taker
    from xnet_channel.threads.writer import Writer

    #: A thread that waits in ``send()``, and whether it runs a callback.
    Blocked = tuple[Taker | GreenletTaker, bool]

#: How long a receiving thread has to be blocked before it counts as stalled, in seconds.
STALL_S: Final = 0.5
#: How long until the next step, once stalled: a window in each step is 50 MB/s.
NEXT_STALL_S: Final = 0.02
#: After how long without taking anything another thread counts as stuck while one waits in ``send()``, in
#: seconds; and how long until the next window then: 1 MB/s.
STUCK_S: Final = 5.0
STUCK_STEP_S: Final = 1.0
#: How long an ending worker waits for credit, in seconds: an initiator that takes items gives some sooner.
LAST_CREDIT_S: Final = 0.2


class DeadlockRelief:
    """Applies the rule to the channels of one connection.

    Threads: all under the lock.
    """

    def __init__(
        self, link: Link, writer: Writer, leading: LeaderFollower, callback_thread: CallbackThread
    ) -> None:
        self._link = link
        self._connection = link.connection
        self._writer = writer
        self._leading = leading
        self._callback_thread = callback_thread
        self._blocked: list[Blocked] = []
        #: What is relieved because of them.
        self._relieved: set[ChannelState] = set()
        #: In a worker that was asked to end: until when a send waits for credit; else None.
        self.last_credit_by_s: float | None = None

    def set_last_credit_deadline_locked(self) -> None:
        """Let senders wait a moment: this worker was asked to end, or got credit since. Spec: GR-011."""
        self.last_credit_by_s = CLOCK.monotonic() + LAST_CREDIT_S

    def sender_blocks_locked(self) -> Blocked:
        """A thread begins to wait in ``send()``; give what this returns to ``sender_goes_on_locked``."""
        blocked = takers.current(), self._callback_thread.is_current_thread
        self._blocked.append(blocked)
        self._relieve_again_locked()
        return blocked

    def sender_goes_on_locked(self, blocked: Blocked) -> None:
        """A thread has stopped waiting in ``send()``."""
        self._blocked.remove(blocked)
        self._relieve_again_locked()

    def sender_stalls_locked(self) -> None:
        """A thread has waited in ``send()`` for a stall period: a taker may have ended, or be stuck."""
        self._relieve_again_locked()
        now_s = CLOCK.monotonic()
        for mailbox in open_mailboxes(self._connection):
            state = mailbox.state
            if state in self._relieved:
                continue
            taken, since_s = mailbox.taken_since
            if taken != state.receiver.consumed or not state.receiver.items:
                mailbox.taken_since = state.receiver.consumed, now_s
            elif now_s - since_s >= STUCK_S:
                mailbox.taken_since = taken, since_s + STUCK_STEP_S
                self._relieve_once_locked(state)
        self._writer.flush_soon_locked()

    def opened_locked(self, mailbox: Mailbox) -> None:
        """There is a new channel."""
        if self._blocked:
            self._relieved.add(mailbox.state)
            self._connection.relieve(mailbox.state, True)

    def taken_locked(self, mailbox: Mailbox) -> None:
        """A thread takes from a relieved channel: threads that wait in ``send()`` no longer relieve it."""
        if mailbox.state in self._relieved and mailbox.last_taker not in [
            taker for taker, _ in self._blocked
        ]:
            with InterruptsHeld():
                self._relieved.discard(mailbox.state)
                self._connection.relieve(mailbox.state, False)

    def _relieve_again_locked(self) -> None:
        """Find out which channels to relieve now, for the threads that wait in ``send()``."""
        connection = self._connection
        wanted: set[ChannelState] = set()
        if self._blocked:
            here = [taker for taker, _ in self._blocked]
            in_callback = any(callback for _, callback in self._blocked)
            for mailbox in open_mailboxes(connection):
                last = mailbox.last_taker
                if (
                    in_callback
                    if mailbox.callback is not None
                    else last is None or last in here or last.ended
                ):
                    wanted.add(mailbox.state)
        for state in self._relieved - wanted:
            connection.relieve(state, False)
        for state in wanted - self._relieved:
            connection.relieve(state, True)
        self._relieved = wanted
        if connection.out.buffers:
            self._writer.flush_soon_locked()

    def _relieve_once_locked(self, state: ChannelState) -> None:
        self._connection.relieve(state, True)
        self._connection.relieve(state, False)

    def close_waiter_locked(self, mailbox: Mailbox, waits: bool) -> None:
        """A thread begins or stops to wait for the end of a channel without callback."""
        self._connection.relieve(mailbox.state, waits)
        self._writer.flush_soon_locked()

    def wait_locked(self, mailbox: Mailbox, ready: Callable[[], bool], deadline_s: float | None) -> None:
        """Wait for news of a channel, until ``ready()`` or the deadline; relieve what starves meanwhile."""

        def ready_or_another() -> bool:
            return ready() or self.could_stall_locked()

        stall_s = STALL_S
        while not ready():
            if not self.could_stall_locked():
                # A channel that opens meanwhile may starve.
                if not self._leading.wait_locked(ready_or_another, deadline_s, mailbox.waiters):
                    return
                continue
            stall_at_s = CLOCK.monotonic() + stall_s
            until_s = stall_at_s if deadline_s is None else min(deadline_s, stall_at_s)
            if self._leading.wait_locked(ready, until_s, mailbox.waiters):
                return
            if deadline_s is not None and CLOCK.monotonic() >= deadline_s:
                return
            stall_s = NEXT_STALL_S if self.relieve_starving_locked(mailbox) else STALL_S

    def could_stall_locked(self) -> bool:
        """Return whether there is another channel that could starve while one is waited for."""
        return len(self._connection.table.open) > 1

    def relieve_starving_locked(self, mailbox: Mailbox) -> bool:
        """Credit channels that starve: a thread has waited for this one for a stall period.

        Returns:
            Whether anything did: then it is worth looking again soon.

        Threads: the waiting thread.
        """
        me = takers.current()
        connection = self._connection
        queued_bytes = connection.out.queued_bytes
        with InterruptsHeld():
            for other in open_mailboxes(connection):
                if other is mailbox:
                    continue
                last = other.last_taker
                if other.callback is None and (last is None or last is me or last.ended):
                    self._relieve_once_locked(other.state)
            self._writer.flush_soon_locked()
        return connection.out.queued_bytes > queued_bytes
