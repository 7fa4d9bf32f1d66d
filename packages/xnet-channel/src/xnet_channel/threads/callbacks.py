"""Callbacks: how an item, or the end of its channel, is given to a function of the user.

Which thread does it is in ``callback_thread``.
"""

from __future__ import annotations

from xnet_channel.platform.interrupts import InterruptsHeld
from xnet_channel.platform.tracebacks import tell_excepthook
from xnet_channel.threads.error_data import describe_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_channel.threads.callback_thread import CallbackThread
    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_channel.threads.mailboxes import Mailboxes
    from xnet_channel.threads.writer import Writer

#: Stands for "no endmarker wanted": None is a value that callbacks may want.
NO_ENDMARKER: Final = object()


class Callbacks:
    """What the callbacks of one connection need of it.

    Attributes:
        link: The connection.
        writer: Its outgoing side.
        leading: Its incoming side.
        mailboxes: How a channel is closed.
        thread: Runs callbacks.
    """

    def __init__(
        self,
        link: Link,
        writer: Writer,
        leading: LeaderFollower,
        mailboxes: Mailboxes,
        thread: CallbackThread,
    ) -> None:
        self.link = link
        self.writer = writer
        self.leading = leading
        self.mailboxes = mailboxes
        self.thread = thread

    def set_callback(self, mailbox: Mailbox, function: Callable[[Any], object], endmarker: object) -> None:
        """See ``Channel.setcallback``."""
        self.thread.begin()
        with self.thread.turn:
            with self.link.lock:
                if mailbox.callback is not None:
                    raise OSError(f"{mailbox.ref()!r} has a callback already")
                callback = mailbox.callback = ChannelCallback(self, mailbox, function, endmarker)
                already_ended = mailbox.ended
                mailbox.ended = False
                self.leading.callback_count += 1
                waiting = len(mailbox.state.receiver.items)
                # A thread that was waiting in receive() must not wait for ever.
                self.leading.tell_locked(mailbox)
            try:
                for _ in range(waiting):
                    callback.deliver_one()
            finally:
                if already_ended:
                    callback.deliver_end()
        with self.link.lock:
            self.leading.hand_to_reactor_locked()

    def ended_locked(self, mailbox: Mailbox) -> None:
        """The callback of a mailbox has seen the end."""
        mailbox.ended = True
        self.leading.callback_count -= 1
        if mailbox.ref() is None and not mailbox.state.closed and not self.link.finished:
            # [CH-052] No one can send on it and nothing comes any more: it must not stay open.
            self.mailboxes.close_locked(mailbox, None)
        self.leading.tell_locked(mailbox)


class ChannelCallback:
    """The callback of one channel.

    Threads: the callback thread or ``setcallback``, with ``turn`` and without the lock.
    """

    __slots__ = ("_callbacks", "_endmarker", "_function", "_mailbox")

    def __init__(
        self, callbacks: Callbacks, mailbox: Mailbox, function: Callable[[Any], object], endmarker: object
    ) -> None:
        self._callbacks = callbacks
        self._mailbox = mailbox
        self._function = function
        self._endmarker = endmarker

    def deliver_one(self) -> bool:
        """Give the mailbox's oldest item to the function.

        One that raises closes the channel; the peer gets the traceback, ``threading.excepthook`` is told,
        and ``waitclose`` raises. Spec: CH-037.

        Returns:
            Whether there was an item and the function took it.

        Raises:
            KeyboardInterrupt: Ctrl-C while the function ran in the main thread. The channel is closed.
        """
        callbacks = self._callbacks
        state = self._mailbox.state
        try:
            with InterruptsHeld(), callbacks.link.lock:
                if not state.receiver.items:
                    return False
                # It counts as taken when the function is called with it. Spec: FC-014.
                item = callbacks.link.connection.take(state)
                callbacks.writer.flush_soon_locked()
            self._function(item)
        except KeyboardInterrupt as error:
            self._failed(error)
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit too: the thread serves other channels
            self._failed(error)
            tell_excepthook(error)
            return False
        return True

    def deliver_end(self) -> None:
        """Give the endmarker to the function, once, and say that the channel has ended.

        Also to one that has failed: it says that no more items come, for which programs wait. That not all
        of them were taken is told before.
        """
        mailbox = self._mailbox
        with self._callbacks.link.lock:
            if mailbox.ended:
                return  # LAST_MESSAGE and CLOSE may both have come before this ran
            endmarker, self._endmarker = self._endmarker, NO_ENDMARKER
        try:
            if endmarker is not NO_ENDMARKER:
                self._function(endmarker)
        except KeyboardInterrupt as error:
            self._failed(error)
            raise
        except BaseException as error:  # noqa: BLE001 - as above
            self._failed(error)
            tell_excepthook(error)
        finally:
            with self._callbacks.link.lock:
                self._callbacks.ended_locked(mailbox)

    def _failed(self, error: BaseException) -> None:
        """Close the channel of a function that raised; the peer and waiting threads get the traceback."""
        described = describe_error(error)
        mailbox = self._mailbox
        with self._callbacks.link.lock:
            mailbox.callback_failed = described
            # Also of a channel that has closed: its callback gets nothing any more.
            mailbox.state.receiver.drop_items()
            if not mailbox.state.closed:
                self._callbacks.mailboxes.close_locked(mailbox, described)
