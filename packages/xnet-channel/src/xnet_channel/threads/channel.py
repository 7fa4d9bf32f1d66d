"""The channel that users hold: send, receive, callbacks, files.

Names, defaults and errors are execnet's. What a call does is in another module: ``sending``, ``callbacks``,
``leader_follower`` (who reads).
"""

from __future__ import annotations

import sys

from xnet_channel.core import states
from xnet_channel.platform import greenlets
from xnet_channel.platform.interrupts import InterruptsHeld, InterruptsLetThrough
from xnet_channel.platform.native import CLOCK
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_channel.threads import takers
from xnet_channel.threads.callbacks import NO_ENDMARKER
from xnet_channel.threads.error_data import describe_reason
from xnet_channel.threads.errors import RemoteError, TimeoutError
from xnet_channel.threads.lanes import quick_receive, quick_send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from typing import Any, Final, Literal, overload

    from xnet_channel.threads.channel_files import ChannelFileRead, ChannelFileWrite
    from xnet_channel.threads.endpoint import Endpoint
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_wire.channel_errors import ChannelError

#: None once the interpreter has taken this module apart.
_is_finalizing: Callable[[], bool] | None = sys.is_finalizing

#: What coroutines wait with takes long to load, and asyncio with it.
_ASYNCIO_API: Final = "xnet_channel.threads.asyncio_api"


class Channel:
    """One of two ends between which items travel both ways.

    Attributes:
        id: Number of the channel on its connection.
        RemoteError: The class of errors from the other side.
        TimeoutError: The class of errors when nothing came in time.

    Threads: all methods from any thread; ``receive`` hands each item to exactly one caller.
    """

    RemoteError = RemoteError
    TimeoutError = TimeoutError

    def __init__(self, mailbox: Mailbox, endpoint: Endpoint) -> None:
        """Made by a session only."""
        self._mailbox = mailbox
        self._link = mailbox.link
        self._endpoint = endpoint
        self._cancelling = endpoint.cancelling
        self._receiver = mailbox.state.receiver
        self.id = mailbox.state.id
        #: True in code started by ``remote_exec``: it must not close its channel itself.
        self._executing = False

    def __reduce__(self) -> str:
        raise TypeError("cannot pickle or copy a channel: it is one end of a connection; send it in an item")

    def __repr__(self) -> str:
        return f"<Channel id={self.id} {'closed' if self.isclosed() else 'open'}>"

    @property
    def gateway(self) -> Any:
        """The owner of the connection: a gateway, or what a session was given as owner."""
        return self._endpoint.owner

    # -- sending --------------------------------------------------------------------------------

    @quick_send
    def send(self, item: object) -> None:
        """Send a copy of the item to the other side.

        Blocks while the other side is not willing to take more (flow control), until the
        operating system has the item.

        Args:
            item: None, bool, int, float, complex, bytes, str, list, tuple, dict, set, frozenset,
                Channel, nested freely; bytearray and memoryview arrive as bytes.

        Raises:
            DumpError: The item holds something else; nothing was sent.
            OSError: The channel or the connection is closed.
        """
        self._endpoint.sending.send_item(self._mailbox, item)

    def send_many(self, items: Iterable[object]) -> None:
        """Send all items, in order, many in one frame. The other side sees single items.

        Raises:
            DumpError: An item cannot be sent; those before it have been.
            OSError: The channel or the connection is closed.
        """
        self._endpoint.sending.send_items(self._mailbox, items)

    def _send_at_once(self, item: object) -> bool:
        """Send an item if that takes no wait; return whether it is sent. Errors are those of ``send``."""
        return self._endpoint.sending.send_at_once(self._mailbox, item)

    # -- receiving ------------------------------------------------------------------------------

    @quick_receive
    def receive(self, timeout: float | None = None) -> Any:
        """Return the next item from the other side.

        Args:
            timeout: Seconds to wait at most; None (or a negative number) waits until something
                comes. Ctrl-C interrupts the wait.

        Raises:
            TimeoutError: Nothing came in time.
            RemoteError: The code on the other side failed (raised once).
            EOFError: The channel has ended, or the connection is gone: the text says which.
            CallbackError: The channel has a callback, and it has failed (a RemoteError).
            OSError: The channel has a callback.
        """
        mailbox = self._mailbox
        link = self._link
        receiver = self._receiver
        items = receiver.items
        taken, before = None, 0
        try:
            with link.lock:
                if mailbox.callback is not None:
                    raise mailbox.callback_error() or OSError(
                        f"cannot receive: {self!r} has a callback that gets the items"
                    )
                if self._cancelling.threads:
                    self._cancelling.interrupt_here_locked()
                try:
                    mailbox.last_taker = takers.here.taker if greenlets.library is None else takers.current()
                except AttributeError:  # of a thread that has never received
                    mailbox.last_taker = takers.current()
                if receiver.relieved:
                    self._endpoint.relief.taken_locked(mailbox)
                if not items:
                    if timeout is None and link.tracer is None:
                        self._endpoint.leading.wait_once_for_item_locked(mailbox.state)
                    if not items:
                        self._wait_for_item_locked(timeout)
                # What ``Connection.take`` does, without the call.
                before = receiver.consumed
                taken = items[0]
                del items[0]
                receiver.consumed = taken[0]
                receiver.account.kept_bytes -= taken[2]
                # What is due is never more than this: most items need no closer look.
                if receiver.arrived - receiver.granted >= receiver.step_bytes:
                    self._endpoint.writer.return_credit_locked(mailbox.state)
            return taken[1]
        except KeyboardInterrupt:
            # It may come at any bytecode; an item that was taken and not returned goes back.
            if taken is not None:
                with InterruptsHeld(), link.lock:  # the next one may be on its way
                    if not items or items[0] is not taken:
                        items.appendleft(taken)
                        receiver.consumed = before
                        receiver.account.kept_bytes += taken[2]
            raise

    async def areceive(self, timeout: float | None = None) -> Any:
        """Return the next item, as ``receive`` does, without blocking the event loop.

        Being cancelled loses no item. Errors are those of ``receive``.

        Threads: any with a running event loop; several coroutines may wait on one channel.
        """
        return await OWN_IMPORTS.module(_ASYNCIO_API).areceive(self, timeout)

    async def asend(self, item: object) -> None:
        """Send a copy of the item, as ``send`` does, without blocking the event loop.

        Coroutines that have to wait for the other side's credit are next in any order; one that is
        cancelled meanwhile has sent the item or is going to. Errors are those of ``send``.

        Threads: any with a running event loop.
        """
        await OWN_IMPORTS.module(_ASYNCIO_API).asend(self, item)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.areceive()
        except EOFError:
            if self._link.broken_off and not self._mailbox.state.closed:
                raise  # as for ``__next__``
            raise StopAsyncIteration from None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self.receive()
        except EOFError:
            if self._link.broken_off and not self._mailbox.state.closed:
                raise  # the connection broke: that is not a regular end of the items
            raise StopIteration from None

    next = __next__

    def setcallback(self, callback: Callable[[Any], object], endmarker: object = NO_ENDMARKER) -> None:
        """Have every item passed to the callback instead of queued.

        Items that are here already are passed before this returns. Callbacks of one gateway run
        one at a time, in the order of arrival. A callback that raises closes the channel with the
        error: ``threading.excepthook`` is told, the other side gets a RemoteError, and from then on
        ``waitclose`` and ``receive`` raise CallbackError; it gets no more items, but the endmarker.
        The channel stays open as long as the other side sends, even if this object is dropped.

        Args:
            callback: Called with each item.
            endmarker: Passed once when no more items come, if given; whether that was a regular end
                ``waitclose`` tells, also inside of the callback.

        Raises:
            OSError: The channel has a callback already.
            KeyboardInterrupt: Ctrl-C while an item was passed here. The channel is closed.
        """
        self._endpoint.callbacks.set_callback(self._mailbox, callback, endmarker)

    if TYPE_CHECKING:

        @overload
        def makefile(self, mode: Literal["r"], proxyclose: bool = False) -> ChannelFileRead: ...
        @overload
        def makefile(self, mode: Literal["w"] = "w", proxyclose: bool = False) -> ChannelFileWrite: ...

    def makefile(self, mode: str = "w", proxyclose: bool = False) -> ChannelFileRead | ChannelFileWrite:
        """Return a file-like object that reads or writes items of text or bytes.

        Args:
            mode: ``"r"`` or ``"w"``.
            proxyclose: Closing the file closes the channel.

        Raises:
            ValueError: Another mode.
        """
        with OWN_IMPORTS:
            from xnet_channel.threads.channel_files import ChannelFileRead, ChannelFileWrite

        if mode == "w":
            return ChannelFileWrite(self, proxyclose)
        if mode == "r":
            return ChannelFileRead(self, proxyclose)
        raise ValueError(f"mode {mode!r} is not available, expected 'r' or 'w'")

    # -- the end --------------------------------------------------------------------------------

    def close(self, error: object = None) -> None:
        """Close the channel for both sides. Closing it again does nothing.

        Args:
            error: The other side gets a RemoteError with this text; of an exception its type and message
                travel as well, and a RemoteError is passed on as it is.

        Raises:
            OSError: This is the channel of running remote_exec code: it closes when that ends.
        """
        if self._executing:
            raise OSError("the channel of remote_exec is closed when the execution ends, not explicitly")
        with self._link.lock:
            if self._mailbox.state.closed:
                return
            reason = None if error is None else describe_reason(error)
            if isinstance(error, RemoteError):
                self._mailbox.add_error_locked(error)
            self._endpoint.mailboxes.close_locked(self._mailbox, reason)

    def refuse(self, error: ChannelError) -> bool:
        """Close the channel with an error, even under running code; return whether it was open."""
        with self._link.lock:
            was_open = not self._mailbox.state.closed
            self._endpoint.mailboxes.close_locked(self._mailbox, error)
        return was_open

    def cancel(self) -> None:
        """Ask the worker to end what it executes for this channel; does not wait for that.

        Code that has not begun never begins; other code gets KeyboardInterrupt, at once on the worker's main
        thread or in a wait of its channels, otherwise when it uses a channel next. The channel ends as the
        code does: RemoteError with the code ``"cancelled"``, unless it catches that and goes on. Nothing
        happens on a channel that is closed or belongs to no execution.

        Raises:
            OSError: This is the worker's side, or the connection is gone.
        """
        endpoint, connection = self._endpoint, self._link.connection
        with InterruptsHeld(), self._link.lock:
            endpoint.end_reason.attempt_locked(lambda: connection.send_cancel(self._mailbox.state))
            endpoint.writer.flush_soon_locked()

    def isclosed(self) -> bool:
        """Return whether nothing can be sent any more; items may still wait to be received."""
        return self._mailbox.state.sender.state is not states.OPEN

    def waitclose(self, timeout: float | None = None) -> None:
        """Wait until no more items come: the other side closed, ended, or said it has no more.

        Items that came before can still be received. With a callback, it and its endmarker have
        been called before this returns.

        Raises:
            RemoteError: The code on the other side failed (raised once).
            CallbackError: The callback of this side failed (a RemoteError; raised each time).
            EOFError: The connection is gone; the text says why.
            TimeoutError: It did not end in time.
        """
        mailbox = self._mailbox
        link = self._link
        endpoint = self._endpoint
        deadline_s = None if timeout is None or timeout < 0 else CLOCK.monotonic() + timeout

        def ended() -> bool:
            if endpoint.callback_thread.is_current_thread:
                # A callback cannot wait for its own thread: what the wire says has to do.
                return mailbox.state.receiver.state is not states.OPEN or link.end_error is not None
            return mailbox.ended

        with InterruptsHeld() as held, link.lock:
            if not ended():
                relieved = mailbox.callback is None
                if relieved:
                    endpoint.relief.close_waiter_locked(mailbox, waits=True)
                try:
                    with InterruptsLetThrough(held.here):
                        endpoint.relief.wait_locked(mailbox, ended, deadline_s)
                finally:
                    if relieved:
                        endpoint.relief.close_waiter_locked(mailbox, waits=False)
            if not ended():
                raise TimeoutError(f"{self!r} was not closed within {timeout} s")
        error = self._getremoteerror()
        if error is not None:
            raise error

    def reconfigure(self, py2str_as_py3str: bool = True, py3str_as_py2str: bool = False) -> None:
        """Set how strings arrive on both ends of this channel, between Python 2 and 3.

        Args:
            py2str_as_py3str: Python 2 ``str`` arrives as text (Latin-1), else as bytes.
            py3str_as_py2str: Text arrives as bytes (UTF-8), else as text.

        Raises:
            OSError: The connection is closed.
            ValueError: The other side knows no such strings (Spec: PY-010).
        """
        endpoint, strings = self._endpoint, (bool(py2str_as_py3str), bool(py3str_as_py2str))
        connection = self._link.connection
        with InterruptsHeld(), self._link.lock:
            endpoint.end_reason.attempt_locked(lambda: connection.send_reconfigure(self.id, strings))
            self._mailbox.state.strings = strings
            endpoint.writer.flush_soon_locked()

    def _getremoteerror(self) -> Exception | None:
        """Return what went wrong: a remote error (each once), a callback's, the connection's end, or None."""
        with self._link.lock:
            return self._mailbox.take_error_locked()

    def _wait_for_item_locked(self, timeout: float | None) -> None:
        """Block until an item is here.

        Raises:
            TimeoutError, RemoteError, EOFError, OSError: See ``receive``.
        """
        mailbox = self._mailbox
        deadline_s = None if timeout is None or timeout < 0 else CLOCK.monotonic() + timeout
        self._endpoint.relief.wait_locked(mailbox, mailbox.has_news, deadline_s)
        if mailbox.callback is not None:
            raise OSError(f"cannot receive: {self!r} has got a callback that gets the items")
        if self._receiver.items:
            return
        if not mailbox.has_news():
            raise TimeoutError(f"no item within {timeout} s on {self!r}")
        raise self._getremoteerror() or EOFError(f"{self!r}: no more items, the channel has ended")

    def __del__(self) -> None:
        mailbox = getattr(self, "_mailbox", None)
        if mailbox is None or _is_finalizing is None or _is_finalizing():
            return  # never made; or the process ends, and with it the connection
        try:
            self._endpoint.finalizers.finalise(mailbox)
        except KeyboardInterrupt:
            self._endpoint.finalizers.finalise_interrupted(mailbox)
