"""When bounding could deadlock, do not bound: the anti-deadlock rule of flow control.

Programs written for execnet rely on its unbounded queues: "send everything, then receive
everything"; "wait until it is closed, then look at the items". While a thread of ours is blocked
on something else of the same connection it cannot take items; the peer may be unable to go on
before its items are taken. So, for that time, arrivals are credited at once (FC):

* a thread blocked in ``send()`` for credit relieves every channel of the connection;
* a thread in ``waitclose()`` of a channel without callback relieves that channel;
* a thread blocked in ``receive()`` or ``waitclose()`` for a stall period relieves, step by step,
  channels whose items nobody but that thread has ever taken. A channel that another thread
  takes from, however slowly, stays bounded.
"""

from __future__ import annotations

from xnet_channel.threads import greenlets
from xnet_channel.threads.native import CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.session import Session

#: How long a receiving thread has to be blocked before it counts as stalled, in seconds.
STALL_S: Final = 0.5
#: How long until the next step, once stalled: a window in each step is 50 MB/s.
NEXT_STALL_S: Final = 0.02
#: How long an ending worker waits for credit, in seconds: whoever takes its last items gives some sooner.
LAST_CREDIT_S: Final = 0.2


class Relief:
    """Applies the rule to the channels of one session.

    Threads: all under the session's lock.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._blocked_senders = 0
        #: In a worker that was asked to end: until when who sends waits for credit; else None.
        self.last_credit_by_s: float | None = None

    def end_locked(self) -> None:
        """The worker was asked to end, or has got credit since: who sends waits a moment. Spec: GR-011."""
        self.last_credit_by_s = CLOCK.monotonic() + LAST_CREDIT_S

    def sender_blocks_locked(self) -> None:
        """A thread begins to wait for credit."""
        self._blocked_senders += 1
        if self._blocked_senders == 1:
            self._session.connection.relieve_all(True)
            self._session.writer.flush_soon_locked()

    def sender_goes_on_locked(self) -> None:
        """A thread has stopped waiting for credit."""
        self._blocked_senders -= 1
        if not self._blocked_senders:
            self._session.connection.relieve_all(False)

    def close_waiter_locked(self, mailbox: Mailbox, waits: bool) -> None:
        """A thread begins or stops to wait for the end of a channel without callback."""
        self._session.connection.relieve(mailbox.state, waits)
        self._session.writer.flush_soon_locked()

    def could_stall(self, mailbox: Mailbox) -> bool:
        """Return whether there is another channel that could starve while this one is waited for."""
        return len(self._session.connection.table.open) > 1

    def stalled_locked(self, mailbox: Mailbox) -> bool:
        """A thread has waited for this channel for a stall period: credit what starves.

        Returns:
            Whether anything did: then it is worth looking again soon.

        Threads: the waiting thread.
        """
        me = greenlets.ident()
        connection = self._session.connection
        queued_bytes = connection.out.queued_bytes
        for state in list(connection.table.open.values()):
            other = state.shell
            if other is None or other is mailbox:
                continue
            if other.callback is None and other.last_taker in (None, me):  # type: ignore[attr-defined]
                connection.relieve(state, True)
                connection.relieve(state, False)
        self._session.writer.flush_soon_locked()
        return connection.out.queued_bytes > queued_bytes
