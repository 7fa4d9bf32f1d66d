"""Channels whose user object is gone: closed by the reactor, because finalisers must not do it.

A finaliser runs at any bytecode of any thread, also of one that holds the lock in the
middle of a change. So it only makes a note.
"""

from __future__ import annotations

from collections import deque

from xnet_channel.core import states
from xnet_channel.platform.interrupts import interrupt_main
from xnet_channel.threads.unseen import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.mailboxes import Mailboxes
    from xnet_channel.threads.writer import Writer

#: When to interrupt the main thread again, in seconds: it has to be out of the finaliser.
INTERRUPT_AGAIN_S: Final = 0.005


class Finalizers:
    """The dropped channels of one connection."""

    def __init__(self, link: Link, writer: Writer, mailboxes: Mailboxes) -> None:
        self._link = link
        self._writer = writer
        self._mailboxes = mailboxes
        self._dropped: deque[Mailbox] = deque()

    def finalise(self, mailbox: Mailbox) -> None:
        """Clean up after a dropped channel. Calling it again, after an interrupt, does no harm.

        Threads: any, also finalisers: takes no lock.
        """
        # A closed channel may have items that will never be taken: they count as kept until they go.
        if not self._link.finished and (not mailbox.state.closed or mailbox.state.receiver.items):
            self.drop(mailbox)
        if mailbox.remote_errors:
            UNSEEN.drop(mailbox, self._link.reactor)

    def finalise_interrupted(self, mailbox: Mailbox) -> None:
        """Do it after KeyboardInterrupt, which is lost in a finaliser: the main thread gets it again.

        Threads: the main thread.
        """
        self.finalise(mailbox)
        self._link.reactor.call_soon(self._interrupt_soon)

    def _interrupt_soon(self) -> None:
        self._link.reactor.call_later(INTERRUPT_AGAIN_S, interrupt_main)

    def drop(self, mailbox: Mailbox) -> None:
        """Note that the channel of this mailbox is not held any more.

        Threads: any, also finalisers: takes no lock.
        """
        # While its finaliser runs a weak reference still finds the object: it must not any more.
        mailbox.detach()
        self._dropped.append(mailbox)
        self._link.reactor.call_soon(self._close_dropped)

    def _close_dropped(self) -> None:
        link = self._link
        with link.lock:
            while self._dropped:
                mailbox = self._dropped.popleft()
                # An item may have brought the channel back meanwhile.
                if mailbox.ref() is not None or link.finished:
                    continue
                if mailbox.callback is None or mailbox.ended:
                    if not mailbox.state.closed:
                        self._mailboxes.close_locked(mailbox, None)
                    mailbox.state.receiver.drop_items()
                elif mailbox.state.sender.state is states.OPEN and link.connection.phase in states.LIVE:
                    # The callback still receives, but no one can send. Spec: CH-051.
                    link.connection.send_last(mailbox.state)
            self._writer.flush_soon_locked()
