"""A session: one connection driven over a descriptor, with blocking channels on top.

It puts the stack together: the link at the bottom, the parts above it (``endpoint``), what happens with
events (``dispatching``), how it ends (``ending``). Nothing below knows it.
"""

from __future__ import annotations

import os
from functools import partial

from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import LocalProtocolError
from xnet_channel.platform.descriptors import Descriptors
from xnet_channel.platform.interrupts import InterruptsHeld
from xnet_channel.platform.native import CLOCK, reserve_thread
from xnet_channel.threads import at_exit  # noqa: F401 - registers itself
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.dispatching import Dispatcher
from xnet_channel.threads.ending import Ending
from xnet_channel.threads.endpoint import Endpoint
from xnet_channel.threads.errors import TimeoutError
from xnet_channel.threads.forking import remember_session
from xnet_channel.threads.link import Link
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.pings import Pings
from xnet_wire import values
from xnet_wire.channel_errors import LIMIT, ChannelError
from xnet_wire.limits import ITEM_COST_BYTES
from xnet_wire.messages import Hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.platform.reactor import Reactor
    from xnet_wire.trace import Tracer


class Session:
    """One end of a connection over a socket or a pair of pipes.

    Attributes:
        role: ``"initiator"`` or ``"worker"``.
        owner: The user of the session; see ``SessionOwner``.
        link: Lock, core, descriptors, and how it ended: see ``Link``.
        endpoint: What channels use.
        connection: The sans-IO core; only under ``lock``.
        descriptors: What is read and written.
        writer: The outgoing side.
        leading: The incoming side.
        ending: How it ends on this side.

    Threads: public methods from any thread but the reactor's.
    """

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
            owner: Its user; a plain ``SessionOwner`` if None.
            name: For messages and thread names.
            tracer: Gets a line for each frame, or None.
            lead_first: The caller is about to wait on this session, so the reactor need not
                (and a worker that never does anything else needs no reactor thread).
            first_bytes: What to write before the protocol begins.
        """
        self.role = role
        self.owner = owner if owner is not None else SessionOwner()
        self.connection = Connection(role, Hello() if hello is None else hello, self.channel_for_locked)
        self.descriptors = Descriptors(read_fd, write_fd)
        self.link = link = Link(name, self.connection, self.descriptors)
        if tracer is not None:
            from xnet_channel.threads.frame_trace import begin_trace

            begin_trace(link, tracer)
        self.endpoint = endpoint = Endpoint(link, self.owner, self.owner.has_greenlets)
        self.writer, self.leading, self.relief = endpoint.writer, endpoint.leading, endpoint.relief
        endpoint.sending.make_encoder = partial(values.make_encoder, Channel, self._id_of)
        endpoint.sending.encode = endpoint.sending.make_encoder()
        self.pings = Pings(link, self.writer, self.leading, endpoint.end_reason)
        self.ending = Ending(
            link, self.writer, self.leading, endpoint.callback_thread, self.relief, endpoint.mailboxes
        )
        self._dispatcher = dispatcher = Dispatcher(
            endpoint, self.ending, self.pings, self.owner, self.channel_for_locked
        )
        reading = self.leading.reading
        reading.dispatch_locked = dispatcher.dispatch_locked
        reading.eof_locked = dispatcher.eof_locked
        self.connection.dispatch = dispatcher.dispatch_locked  # [FR-021] answers before what follows
        remember_session(self)
        reserve_thread()
        with link.lock:
            if first_bytes:
                self.connection.out.raw(first_bytes)
            self.connection.start()
            self.writer.flush_soon_locked()
            if not lead_first:
                self.leading.hand_to_reactor_locked()

    def __repr__(self) -> str:
        state = "ended" if self.finished else self.connection.phase
        return f"<Session {self.name} {self.role} {state}>"

    # -- what the link knows --------------------------------------------------------------------

    @property
    def name(self) -> str:
        """For messages and thread names."""
        return self.link.name

    @property
    def lock(self) -> threading.RLock:
        """Protects the core and all that is kept for this connection."""
        return self.link.lock

    @property
    def finished(self) -> bool:
        """Whether nothing moves any more."""
        return self.link.finished

    @property
    def end_error(self) -> EOFError | None:
        """Why nothing will be received any more, or None."""
        return self.link.end_error

    @property
    def reactor(self) -> Reactor:
        """The reactor of this process, loaded and started when first needed."""
        return self.link.reactor

    # -- for users of a session -----------------------------------------------------------------

    def wait_hello(self, timeout_s: float | None) -> None:
        """Block until the handshake is complete.

        Raises:
            EOFError: The session ended before; the text says why.
            TimeoutError: It did not complete in time.
        """
        handshake = self.connection.handshake
        if not self.wait(lambda: handshake.complete, timeout_s):
            raise self.end_error or TimeoutError(f"{self.name}: no handshake within {timeout_s} s")

    def new_channel(self) -> Channel:
        """Open a channel; send it in an item to give the peer the other end.

        Raises:
            OSError: The session has ended or the handshake is not complete.
        """
        with InterruptsHeld(), self.lock:
            state = self.endpoint.end_reason.attempt_locked(self.connection.open_channel)
            return self.channel_for_locked(state)

    def request(self, frame_type: int, payload: bytes = b"") -> Channel:
        """Send STATUS, INFO or CHANNEL_EXEC; the answer comes on the returned channel.

        Raises:
            OSError: The session has ended, or this is the worker's side.
        """
        with InterruptsHeld(), self.lock:
            state = self.endpoint.end_reason.attempt_locked(
                lambda: self.connection.send_request(frame_type, payload)
            )
            channel = self.channel_for_locked(state)
            position_bytes = self.connection.out.queued_bytes
            if not payload:  # a question: the caller waits for the answer, with a timeout of its own
                self.writer.flush_soon_locked()
                return channel
            written = self.writer.flush_locked()
        if not written:
            self.writer.wait_written(position_bytes)
        return channel

    def reconfigure(self, strings: tuple[bool, bool]) -> None:
        """Set the string coercion of both sides for channels without their own."""
        with InterruptsHeld(), self.lock:
            self.endpoint.end_reason.attempt_locked(lambda: self.connection.send_reconfigure(0, strings))
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
                self.leading.wake_all_locked()  # senders that wait for credit: nothing more can be sent

    def wait_finished(self, timeout_s: float | None) -> bool:
        """Block until the session has ended; return whether it has."""
        deadline_s = None if timeout_s is None else CLOCK.monotonic() + timeout_s
        with self.lock:
            return self.leading.wait_locked(lambda: self.finished, deadline_s, self.link.changed)

    def close(self, text: str | None = None, flush_s: float = 1.0) -> None:
        """End the session from this side. The peer sees the end of the connection.

        Args:
            text: For the threads that wait here.
            flush_s: How long to try to write the queue.
        """
        self.writer.flush_until(CLOCK.monotonic() + flush_s)
        with InterruptsHeld(), self.lock:
            self.finish_locked(text or f"{self.name}: the connection was closed by this side", asked=True)

    def wait(self, ready: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Block until ``ready()``, reading for all meanwhile.

        Args:
            ready: Looked at under the lock whenever something came; must not block. Code that makes
                it true from elsewhere calls ``wake``.
            timeout_s: How long at most, None for as long as it takes.

        Returns:
            Whether it is ready. The session's end makes this return too.
        """
        deadline_s = None if timeout_s is None else CLOCK.monotonic() + timeout_s
        with self.lock:
            self.leading.wait_locked(lambda: ready() or self.finished, deadline_s, self.link.changed)
            return ready()

    def wake(self) -> None:
        """Make all threads in ``wait`` look again."""
        with self.lock:
            self.link.changed.notify_all_locked()
            self.leading.wake_leader_locked()

    def answer_locked(self, channel: Channel, item: object) -> None:
        """Answer a request: one item, then the end of its channel. Never blocks."""
        payload = self.endpoint.sending.encode(item)
        state = channel._mailbox.state
        if state.closed:
            return
        try:
            sent = self.connection.send_item(state, payload, len(payload) + ITEM_COST_BYTES)
        except LocalProtocolError:
            sent = False
        text = f"the answer of {len(payload)} bytes does not fit into one frame"
        self.endpoint.mailboxes.close_locked(channel._mailbox, None if sent else ChannelError(text, LIMIT))

    def channel_for_locked(self, state: ChannelState) -> Channel:
        """Return the user's object of a channel, making it if there is none. Under the lock."""
        mailbox = self.endpoint.mailboxes.of_locked(state)
        channel = mailbox.ref()
        if not isinstance(channel, Channel):
            channel = Channel(mailbox, self.endpoint)
            mailbox.attach(channel)
        return channel

    def _id_of(self, channel: object) -> int | None:
        return channel.id if isinstance(channel, Channel) and channel._link is self.link else None

    def keep_alive(
        self, interval_s: float, when_silent: Callable[[float], None], *, carrier_watches: bool = False
    ) -> None:
        """Find out when the other side is gone silently; for the arguments see ``Keepalive``."""
        from xnet_channel.threads.keepalive import Keepalive

        Keepalive(
            self.link, self.writer, self.leading, interval_s, when_silent, carrier_watches=carrier_watches
        )

    # -- the end --------------------------------------------------------------------------------

    def finish_locked(self, text: str, *, asked: bool = False) -> None:
        """End the session: see ``Ending.finish_locked``."""
        self.ending.finish_locked(text, asked=asked)

    def end_receiving_locked(self, text: str) -> None:
        """Nothing will be received any more: see ``Ending.end_receiving_locked``."""
        self.ending.end_receiving_locked(text)

    def leave_to_parent(self) -> None:
        """End in a forked child: its copies of the descriptors are closed, the connection is the parent's."""
        self.endpoint.leave_to_parent()

    def join_callbacks(self, timeout_s: float | None) -> None:
        """Wait until the callbacks that are queued have run, if the session has ended."""
        self.endpoint.callback_thread.join(timeout_s)


if os.environ.get("XNET_CHECK_LOCKS") == "1":
    from xnet_channel.threads.lock_rules import check_locks

    check_locks()
