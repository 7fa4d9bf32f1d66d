"""What the shell does with each event of the core: find the mailbox, wake who waits.

Everything here runs on the thread that reads, under the session's lock, and must not block.
"""

from __future__ import annotations

from functools import partial

from xnet_channel.core import events as core_events
from xnet_channel.threads.kept_errors import KeptErrors
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
    from xnet_channel.threads.session import Session


class Dispatcher:
    """Routes the events of one session.

    Attributes:
        handlers: What to call for each class of events.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
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

    def mailbox_of(self, state: ChannelState) -> Mailbox:
        """Return the mailbox of a channel, making it for a channel the peer opened."""
        mailbox = state.shell
        if isinstance(mailbox, Mailbox):
            return mailbox
        mailbox = state.shell = Mailbox(self._session, state)
        self._session.relief.opened_locked(mailbox)
        if len(self._session.connection.table.open) == 2:
            self._session.wake_all_locked()  # from now on a channel can starve: see ``relief``
        return mailbox

    def _channel_opened(self, event: core_events.ChannelOpened) -> None:
        self.mailbox_of(event.channel)

    def _items_received(self, event: core_events.ItemsReceived) -> None:
        mailbox = event.channel.shell
        if not isinstance(mailbox, Mailbox):
            return
        if self._session.end_error is not None:
            # [GR-006] Nobody takes items any more; dropped, they cost their sender nothing.
            event.channel.receiver.drop_items()
            self._session.connection.return_credit(event.channel)
        elif mailbox.callback is not None:
            self._session.callbacks.push(mailbox, event.count)
        else:
            mailbox.waiters.notify_all_locked()

    def _credit_received(self, event: core_events.CreditReceived) -> None:
        mailbox = event.channel.shell
        if isinstance(mailbox, Mailbox):
            mailbox.waiters.notify_all_locked()
        if self._session.end_error is not None:
            self._session.relief.end_locked()

    def _last_message_received(self, event: core_events.LastMessageReceived) -> None:
        self._session.end_mailbox_locked(self.mailbox_of(event.channel))

    def _channel_closed(self, event: core_events.ChannelClosed) -> None:
        mailbox = self.mailbox_of(event.channel)
        if event.error is not None:
            mailbox.add_error_locked(self._errors.remember(event.error))
        if mailbox.ref() is None and mailbox.callback is None:
            # Nobody has it, and no reference is going to give what came on it to anybody. Spec: LI-011
            event.channel.receiver.drop_items()
        self._session.end_mailbox_locked(mailbox)

    def _late_error_received(self, event: core_events.LateErrorReceived) -> None:
        UNSEEN.tell_soon(self._errors.remember(event.error), self._session.reactor)

    def _request_received(self, event: core_events.RequestReceived) -> None:
        channel = self._session.channel_for(event.channel)
        self._session.owner.on_request(event.frame_type, channel, event.request)

    def _cancel_received(self, event: core_events.CancelReceived) -> None:
        self._session.owner.on_cancel(event.channel.id)

    def _terminate_received(self, event: core_events.TerminateReceived) -> None:
        self._session.owner.on_terminate(_seconds(event.finish_ms), _seconds(event.interrupt_ms))

    def _hello_received(self, event: core_events.HelloReceived) -> None:
        hello = event.hello
        # Nothing that the other side does not take. Spec: VA-008, VA-013.
        self._session.encode = partial(
            self._session.encode,
            max_depth=min(hello.limits.depth, DEPTH),
            surrogates=SURROGATES_FEATURE in hello.features,
        )
        self._session.owner.on_hello(hello)
        self._session.changed.notify_all_locked()

    def _pong_received(self, event: core_events.PongReceived) -> None:
        self._session.pings.received_locked(event.payload)


def _seconds(time_ms: int | None) -> float | None:
    return None if time_ms is None else time_ms / 1000
