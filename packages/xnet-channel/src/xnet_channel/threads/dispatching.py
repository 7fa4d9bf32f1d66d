"""What the shell does with each event of the core: find the mailbox, wake its waiters.

Everything here runs on the thread that reads, under the lock, and must not block.
"""

from __future__ import annotations

from xnet_channel.core import events as core_events
from xnet_channel.threads.kept_errors import KeptErrors
from xnet_channel.threads.lanes import make_lane
from xnet_channel.threads.mailbox import Mailbox
from xnet_channel.threads.unseen import UNSEEN
from xnet_wire.limits import DEPTH
from xnet_wire.value_types import SURROGATES_FEATURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.events import Event
    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.ending import Ending
    from xnet_channel.threads.endpoint import Endpoint
    from xnet_channel.threads.owner import SessionOwner
    from xnet_channel.threads.pings import Pings


class Dispatcher:
    """Routes the events of one connection.

    Attributes:
        handlers: What to call for each class of events.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        ending: Ending,
        pings: Pings,
        owner: SessionOwner,
        channel_for_locked: Callable[[ChannelState], Channel],
    ) -> None:
        """Be ready for events.

        Args:
            endpoint: Where they are seen.
            ending: How the connection ends.
            pings: The waits for an echo.
            owner: Answers what the other side asks for.
            channel_for_locked: Gives the user's object of a channel.
        """
        self._endpoint = endpoint
        self._link = endpoint.link
        self._writer = endpoint.writer
        self._leading = endpoint.leading
        self._mailboxes = endpoint.mailboxes
        self._callback_thread = endpoint.callback_thread
        self._relief = endpoint.relief
        self._sending = endpoint.sending
        self._ending = ending
        self._pings = pings
        self._owner = owner
        self._channel_for = channel_for_locked
        self._errors = KeptErrors()
        self.handlers: dict[type[Event], Callable[[Any], None]] = {
            core_events.ChannelOpened: self._channel_opened,
            core_events.ItemsReceived: self._items_received,
            core_events.CreditReceived: self._credit_received,
            core_events.LastMessageReceived: self._last_message_received,
            core_events.ChannelClosed: self._channel_closed,
            core_events.LateErrorReceived: self._late_error_received,
            core_events.RequestReceived: self._request_received,
            core_events.CancelReceived: self._cancel_received,
            core_events.TerminateReceived: self._terminate_received,
            core_events.HelloReceived: self._hello_received,
            core_events.PongReceived: self._pong_received,
        }

    def dispatch_locked(self, events: list[Event]) -> None:
        """Act on what was read, and write what the core has to answer."""
        handlers = self.handlers
        for event in events:
            handlers[type(event)](event)
        link = self._link
        if link.connection.out.buffers:
            writer = self._writer
            writer.flush_soon_locked()
            if writer.unread_answers_bytes > writer.most_unread_bytes:
                unread = writer.backlog_bytes
                self._ending.finish_locked(
                    f"{link.name}: the other side left {unread} bytes of answers unread"
                )
        if link.connection.failure is not None and not link.finished:
            self._owner.on_eof(self._ending, None)

    def eof_locked(self, error: OSError | None) -> None:
        """Nothing more can be read."""
        self._link.connection.receive_eof()
        self._writer.flush_locked()  # [ER-002] a GOAWAY: the stream may have ended in one direction only
        if not self._link.finished:
            self._owner.on_eof(self._ending, error)

    def _channel_opened(self, event: core_events.ChannelOpened) -> None:
        self._mailboxes.of_locked(event.channel)

    def _items_received(self, event: core_events.ItemsReceived) -> None:
        mailbox = event.channel.shell
        if not isinstance(mailbox, Mailbox):
            return
        if self._link.end_error is not None:
            # [GR-006] Items are not taken any more; dropped, they cost their sender nothing.
            event.channel.receiver.drop_items()
            self._link.connection.return_credit(event.channel)
        elif mailbox.callback is not None:
            self._callback_thread.push_locked(mailbox.callback, event.count)
        else:
            mailbox.waiters.notify_all_locked()

    def _credit_received(self, event: core_events.CreditReceived) -> None:
        mailbox = event.channel.shell
        if isinstance(mailbox, Mailbox):
            mailbox.waiters.notify_all_locked()
        if self._link.end_error is not None:
            self._relief.set_last_credit_deadline_locked()

    def _last_message_received(self, event: core_events.LastMessageReceived) -> None:
        self._mailboxes.end_locked(self._mailboxes.of_locked(event.channel))

    def _channel_closed(self, event: core_events.ChannelClosed) -> None:
        mailbox = self._mailboxes.of_locked(event.channel)
        if event.error is not None:
            mailbox.add_error_locked(self._errors.remember(event.error))
        if mailbox.ref() is None and mailbox.callback is None:
            # It is not held here, and no reference will bring its items to a program any more. Spec: LI-011
            event.channel.receiver.drop_items()
        self._mailboxes.end_locked(mailbox)

    def _late_error_received(self, event: core_events.LateErrorReceived) -> None:
        UNSEEN.tell_soon(self._errors.remember(event.error), self._link.reactor)

    def _request_received(self, event: core_events.RequestReceived) -> None:
        channel = self._channel_for(event.channel)
        self._owner.on_request(event.frame_type, channel, event.request)

    def _cancel_received(self, event: core_events.CancelReceived) -> None:
        self._owner.on_cancel(event.channel.id)

    def _terminate_received(self, event: core_events.TerminateReceived) -> None:
        self._owner.on_terminate(_seconds(event.finish_ms), _seconds(event.interrupt_ms))

    def _hello_received(self, event: core_events.HelloReceived) -> None:
        hello = event.hello
        # Nothing that the other side does not take. Spec: VA-008, VA-013.
        self._sending.encode = self._sending.make_encoder(
            max_depth=min(hello.limits.depth, DEPTH),
            surrogates=SURROGATES_FEATURE in hello.features,
        )
        self._link.lane = make_lane(self._endpoint)
        self._owner.on_hello(hello)
        self._link.changed.notify_all_locked()

    def _pong_received(self, event: core_events.PongReceived) -> None:
        self._pings.received_locked(event.payload)


def _seconds(time_ms: int | None) -> float | None:
    return None if time_ms is None else time_ms / 1000
