"""A session: one connection driven over a descriptor, with blocking channels on top.

The session owns the core, the lock around it, the descriptor(s) and the mailboxes. Who reads is
in ``leading``, writing in ``writer``, what happens with events in ``dispatching``, callbacks in
``callbacks``; this file holds them together and knows how a session begins and ends.
"""

from __future__ import annotations

from functools import partial

from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import LocalProtocolError, ProtocolError
from xnet_channel.platform.descriptors import Descriptors
from xnet_channel.platform.interrupts import InterruptsHeld
from xnet_channel.platform.native import CLOCK, RLock, reserve_thread
from xnet_channel.platform.wait_list import WaitList
from xnet_channel.threads import at_exit  # noqa: F401 - registers itself
from xnet_channel.threads.callbacks import CallbackThread
from xnet_channel.threads.cancelling import Cancelling
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.dispatching import Dispatcher
from xnet_channel.threads.dropping import Dropping
from xnet_channel.threads.error_data import describe_error
from xnet_channel.threads.errors import CANNOT_SEND, TimeoutError
from xnet_channel.threads.forking import remember_session
from xnet_channel.threads.last_words import await_reason_locked
from xnet_channel.threads.leading import Leading
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.pings import Pings
from xnet_channel.threads.relief import Relief
from xnet_channel.threads.writer import Writer
from xnet_wire import values
from xnet_wire.channel_errors import LIMIT, ChannelError
from xnet_wire.limits import ITEM_COST_BYTES
from xnet_wire.messages import Hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.events import Event
    from xnet_channel.platform.reactor import Reactor
    from xnet_channel.threads.mailbox import Mailbox
    from xnet_wire.trace import Tracer

    T = TypeVar("T")


class Session:
    """One end of a connection over a socket or a pair of pipes.

    Attributes:
        role: ``"initiator"`` or ``"worker"``.
        name: For messages and thread names.
        owner: Whoever uses the session; see ``SessionOwner``.
        connection: The sans-IO core; only under ``lock``.
        lock: Protects everything here.
        changed: Threads that wait for news of the connection as a whole.
        finished: Nothing moves any more.
        end_error: Why nothing will be received any more, or None: the session is finished, or the
            initiator has asked this worker to end.
        broken_off: The end was not asked for: whoever iterates over items must hear of it.

    Threads: public methods from any thread but the reactor's.
    """

    #: The lock is not among the attributes: eventlet replaces those that hold locks by its own kind when it
    #: patches a program, and they are no good between threads.
    __slots__ = ("__dict__", "__weakref__", "lock")

    def __init__(
        self,
        read_fd: int,
        write_fd: int | None = None,
        *,
        role: str,
        hello: Hello | None = None,
        owner: SessionOwner | None = None,
        name: str = "xnet",
        tracer: Tracer | None = None,
        lead_first: bool = False,
        first_bytes: bytes = b"",
    ) -> None:
        """Take over the descriptors and begin the handshake.

        Args:
            read_fd: Descriptor to read from; closed when the session ends.
            write_fd: Descriptor to write to, if it is another one.
            role: ``"initiator"`` on one side, ``"worker"`` on the other.
            hello: What to announce; the protocol's defaults if None.
            owner: Who uses it; a plain one if None.
            name: For messages and thread names.
            tracer: Gets a line for each frame, or None.
            lead_first: The caller is about to wait on this session, so the reactor need not
                (and a worker that never does anything else needs no reactor thread).
            first_bytes: What to write before the protocol begins.
        """
        self.role = role
        self.name = name
        self.owner = owner if owner is not None else SessionOwner()
        self.tracer: Tracer | None = None
        self.lock = RLock()
        self.changed = WaitList()
        self.connection = Connection(role, Hello() if hello is None else hello, self.channel_for)
        if tracer is not None:
            from xnet_channel.threads.frame_trace import begin_trace

            begin_trace(self, tracer)
        #: Encodes an item that may hold channels of this session; raises DumpError.
        self.encode = partial(values.encode, channel_type=Channel, channel_id=self._id_of)
        self.finished = False
        self.end_error: EOFError | None = None
        self.broken_off = False
        self.has_callbacks = 0
        self.pings, self.cancelling = Pings(self), Cancelling()
        self.descriptors = Descriptors(read_fd, write_fd)
        self._reactor: Reactor | None = None
        self.writer = Writer(self, self.descriptors.write_fd)
        self.leading = Leading(self, read_fd)
        self.callbacks = CallbackThread(self)
        self.relief = Relief(self)
        self._dispatcher = Dispatcher(self)
        self.connection.dispatch = self.dispatch_locked  # [FR-021] answers before what follows
        self.dropping = Dropping(self)
        remember_session(self)
        reserve_thread()
        with self.lock:
            if first_bytes:
                self.connection.out.raw(first_bytes)
            self.connection.start()
            self.writer.flush_soon_locked()
            if not lead_first:
                self.leading.lent_in_need_locked()

    def __repr__(self) -> str:
        state = "ended" if self.finished else self.connection.phase
        return f"<Session {self.name} {self.role} {state}>"

    @property
    def reactor(self) -> Reactor:
        """The reactor of this process, loaded and started by whoever first needs it."""
        if self._reactor is None:
            from xnet_channel.platform.reactor import get_reactor

            self._reactor = get_reactor()
        return self._reactor

    # -- for users of a session -----------------------------------------------------------------

    def wait_hello(self, timeout_s: float | None) -> None:
        """Block until the handshake is complete.

        Raises:
            EOFError: The session ended before; the text says why.
            TimeoutError: It did not complete in time.
        """
        deadline_s = None if timeout_s is None else CLOCK.monotonic() + timeout_s
        with self.lock:
            complete = self.leading.wait_locked(
                lambda: self.finished or self.connection.handshake.complete, deadline_s, self.changed
            )
            if not self.connection.handshake.complete:
                if self.end_error is not None:
                    raise self.end_error
                if not complete:
                    raise TimeoutError(f"{self.name}: no handshake within {timeout_s} seconds")

    def new_channel(self) -> Channel:
        """Open a channel; send it in an item to give the peer the other end.

        Raises:
            OSError: The session has ended or the handshake is not complete.
        """
        with InterruptsHeld(), self.lock:
            return self.channel_for(self.must_run_locked(self.connection.open_channel))

    def request(self, frame_type: int, payload: bytes = b"") -> Channel:
        """Send STATUS, INFO or CHANNEL_EXEC; the answer comes on the returned channel.

        Raises:
            OSError: The session has ended, or this is the worker's side.
        """
        with InterruptsHeld(), self.lock:
            state = self.must_run_locked(lambda: self.connection.send_request(frame_type, payload))
            channel = self.channel_for(state)
            position_bytes = self.connection.out.queued_bytes
            if not payload:  # a question: who asks waits for the answer, and with a time of his own
                self.writer.flush_soon_locked()
                return channel
            written = self.writer.flush_locked()
        if not written:
            self.writer.wait_written(position_bytes)
        return channel

    def reconfigure(self, strings: tuple[bool, bool]) -> None:
        """Set the string coercion of both sides for channels without their own."""
        with InterruptsHeld(), self.lock:
            self.must_run_locked(lambda: self.connection.send_reconfigure(0, strings))
            self.connection.strings = strings
            self.writer.flush_soon_locked()

    def ping(self, payload: bytes, timeout_s: float | None) -> bool:
        """Return whether the peer echoed the payload in time; see ``Pings.ping``."""
        return self.pings.ping(payload, timeout_s)

    def terminate_peer(self, finish_ms: int | None = None, interrupt_ms: int | None = None) -> None:
        """Ask the worker to end, see ``Connection.send_terminate``, if it has not ended nor been asked."""
        with InterruptsHeld(), self.lock:
            if self.connection.phase is states.RUNNING:
                self.connection.send_terminate(finish_ms, interrupt_ms)
                self.writer.flush_soon_locked()
                self.wake_all_locked()  # who waits for credit: nothing more can be sent

    def wait_finished(self, timeout_s: float | None) -> bool:
        """Block until the session has ended; return whether it has."""
        deadline_s = None if timeout_s is None else CLOCK.monotonic() + timeout_s
        with self.lock:
            return self.leading.wait_locked(lambda: self.finished, deadline_s, self.changed)

    def close(self, text: str | None = None, flush_s: float = 1.0) -> None:
        """End the session from this side. The peer sees the end of the connection.

        Args:
            text: What those who wait here are told.
            flush_s: How long to try to write what is queued.
        """
        self.writer.flush_until(CLOCK.monotonic() + flush_s)
        with InterruptsHeld(), self.lock:
            self.finish_locked(text or f"{self.name}: the connection was closed by this side", asked=True)

    def wait(self, ready: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Block until ``ready()``, reading for everybody meanwhile.

        Args:
            ready: Looked at under the lock whenever something came; must not block. Whoever makes
                it true from elsewhere calls ``wake``.
            timeout_s: How long at most, None for as long as it takes.

        Returns:
            Whether it is ready. The session's end makes this return too.
        """
        deadline_s = None if timeout_s is None else CLOCK.monotonic() + timeout_s
        with self.lock:
            self.leading.wait_locked(lambda: ready() or self.finished, deadline_s, self.changed)
            return ready()

    def wake(self) -> None:
        """Make everybody in ``wait`` look again."""
        with self.lock:
            self.changed.notify_all_locked()
            self.leading.wake_leader()

    def answer_locked(self, channel: Channel, item: object) -> None:
        """Answer a request: one item, then the end of its channel. Never blocks."""
        payload = self.encode(item)
        state = channel._mailbox.state
        if state.closed:
            return
        try:
            sent = self.connection.send_item(state, payload, len(payload) + ITEM_COST_BYTES)
        except LocalProtocolError:
            sent = False
        text = f"the answer of {len(payload)} bytes does not fit into one frame"
        self.close_channel_locked(channel._mailbox, None if sent else ChannelError(text, LIMIT))

    def _id_of(self, channel: object) -> int | None:
        return channel.id if isinstance(channel, Channel) and channel._session is self else None

    def channel_for(self, state: ChannelState) -> Channel:
        """Return the user's object of a channel, making it if there is none. Under the lock."""
        mailbox = self._dispatcher.mailbox_of(state)
        channel = mailbox.ref()
        if channel is None:
            channel = Channel(mailbox)
            mailbox.attach(channel)
        return channel

    def end_mailbox_locked(self, mailbox: Mailbox) -> None:
        """No item will come any more: tell who waits, or the callback."""
        if mailbox.callback is not None and not mailbox.ended:
            self.callbacks.push(mailbox, 0)
        else:
            mailbox.ended = True
        self.tell_locked(mailbox)

    def mailbox_ended_locked(self, mailbox: Mailbox) -> None:
        """The callback of a mailbox has seen its end."""
        if mailbox.ref() is None and not mailbox.state.closed and not self.finished:
            # [CH-052] Nobody can send on it and nothing comes any more: it must not stay open.
            self.close_channel_locked(mailbox, None)
        self.tell_locked(mailbox)

    def tell_locked(self, mailbox: Mailbox) -> None:
        """There is news of the channel that was not read: wake who waits for it, leader or not."""
        mailbox.waiters.notify_all_locked()
        self.leading.wake_leader()

    def callback_failed(self, mailbox: Mailbox, error: BaseException) -> None:
        """Close the channel of a callback that raised; the peer gets the traceback, and so does who waits."""
        described = describe_error(error)
        with self.lock:
            mailbox.callback_failed = described
            # Also of a channel that has closed: its callback gets nothing any more.
            mailbox.state.receiver.drop_items()
            if not mailbox.state.closed:
                self.close_channel_locked(mailbox, described)

    def close_channel_locked(self, mailbox: Mailbox, error: ChannelError | None) -> None:
        """Close a channel from this side."""
        with InterruptsHeld():
            self.connection.send_close(mailbox.state, error)
            self.writer.flush_soon_locked()
            self.end_mailbox_locked(mailbox)

    def return_credit_locked(self, state: ChannelState) -> None:
        """Send the credit that is due: half sent it would be lost, and somebody there wait for ever."""
        with InterruptsHeld():
            self.connection.return_credit(state)
            self.writer.flush_soon_locked()

    def must_run_locked(self, action: Callable[[], T]) -> T:
        """Do something with the connection; its refusal is an OSError with the reason."""
        try:
            return action()
        except LocalProtocolError as error:
            await_reason_locked(self)
            raise OSError(f"{CANNOT_SEND}{self.end_error or error}") from error

    def dispatch_locked(self, events: list[Event]) -> None:
        """Act on what was read, and write what the core has to answer."""
        handlers = self._dispatcher.handlers
        for event in events:
            handlers[type(event)](event)
        if self.connection.out.buffers:
            self.writer.flush_soon_locked()
            if self.writer.unread_answers_bytes > self.writer.most_unread_bytes:
                unread = self.writer.backlog_bytes
                self.finish_locked(f"{self.name}: the other side left {unread} bytes of answers unread")
        if self.connection.failure is not None and not self.finished:
            self.owner.on_eof(self, None)

    def eof_locked(self, error: OSError | None) -> None:
        """Nothing more can be read."""
        self.connection.receive_eof()
        self.writer.flush_locked()  # [ER-002] a GOAWAY: the stream may have ended in one direction only
        if not self.finished:
            self.owner.on_eof(self, error)

    # -- the end --------------------------------------------------------------------------------

    def finish_locked(self, text: str, *, asked: bool = False) -> None:
        """End the session: everybody who waits gets an EOFError with this text.

        Args:
            text: Why.
            asked: The end was asked for, by whichever side.
        """
        if self.finished:
            return
        self.finished = True
        self.broken_off = not asked
        self.connection.fail(ProtocolError(text))
        self.end_receiving_locked(text)
        self.writer.finish_locked()
        self.callbacks.stop()
        if self.leading.finish_locked():
            self.close_fds_locked()

    def end_receiving_locked(self, text: str) -> None:
        """Nothing will be received any more: who waits for items gets an EOFError with this text."""
        if self.end_error is None:
            self.relief.end_locked()
            self.end_error = EOFError(text)
            for state in list(self.connection.table.open.values()):
                self.end_mailbox_locked(self._dispatcher.mailbox_of(state))
        self.wake_all_locked()

    def wake_all_locked(self) -> None:
        """Make everybody who waits look again."""
        self.changed.notify_all_locked()
        for state in list(self.connection.table.open.values()):
            self._dispatcher.mailbox_of(state).waiters.notify_all_locked()
        self.leading.wake_leader()

    def close_fds_locked(self) -> None:
        """Give the descriptors back; whoever stops reading last does it."""
        self.leading.close()
        self.descriptors.close()
