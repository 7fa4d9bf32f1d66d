"""One connection, without I/O: bytes in, events out; calls in, bytes out.

Whoever drives it (a thread, an event loop, a test) serialises all calls, passes what it read to
``receive_data`` and writes what ``data_to_send`` returns after every call.

Spec: 10-preamble-hello.md (HS), 20-frames.md (FR), 40-channels.md (CH), 50-flow-control.md (FC),
80-errors.md (ER).
"""

from __future__ import annotations

from xnet_channel.core import roles, states
from xnet_channel.core.channel_table import ChannelTable
from xnet_channel.core.errors import LocalProtocolError, PeerGoneAway, RemoteProtocolError
from xnet_channel.core.handshake import Handshake
from xnet_channel.core.outgoing import Outgoing
from xnet_channel.core.receiving import Receiving
from xnet_wire import channel_errors, codes, frames, messages
from xnet_wire.limits import PART_BYTES, PING_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.errors import ProtocolError
    from xnet_channel.core.events import Event
    from xnet_channel.core.outgoing import Buffer, FrameTrace
    from xnet_wire.channel_errors import ChannelError
    from xnet_wire.messages import Hello

#: Requests that open a channel.
REQUESTS: Final = frozenset({frames.STATUS, frames.INFO, frames.CHANNEL_EXEC})


class Connection:
    """The state of one end of a connection.

    Attributes:
        local: What this side announced.
        role: ``roles.INITIATOR`` or ``roles.WORKER``.
        phase: Where the connection is in its life, see ``states``.
        failure: Why it ended, once it has ended by a mistake of the peer or its GOAWAY.
        part_bytes: Largest payload to put into one frame, once the peer's HELLO is here.
        dispatch: If set, called during ``receive_data`` with the events so far when the last of
            them has to be acted on before the next frame is: a HELLO, a request, a termination.
            ``receive_data`` then returns only the events after it. Who answers requests sets it,
            else a PING behind a STATUS is answered first (Spec: FR-007, FR-021, HS-020).
        strings: String coercion flags for channels without their own.

    Threads: the caller serialises.
    """

    def __init__(self, role: str, local: Hello, make_channel: Callable[[ChannelState], Any]) -> None:
        """Prepare a connection; ``start`` makes it speak.

        Args:
            role: Which end this is.
            local: What to announce and enforce.
            make_channel: Called during ``receive_data`` for each channel reference in an item;
                returns the object that the application finds there.
        """
        self.role = role
        self.local = local
        self.out: Final = Outgoing()
        self.table: Final = ChannelTable(role, local.credit, local.limits.channels, local.limits.memory)
        self.handshake: Final = Handshake(role, local, self.out)
        self._receiving: Final = Receiving(self, make_channel)
        #: Takes bytes from the peer and returns events; see ``Receiving.receive_data``.
        self.receive_data: Final = self._receiving.receive_data
        #: Takes the usual: one item on one channel; see ``Receiving.receive_sole_item``.
        self.receive_sole_item: Final = self._receiving.receive_sole_item
        #: The unfilled rest of a large payload to read into directly, or None; then say how much
        #: with ``pending_filled``.
        self.pending_view: Final = self._receiving.decoder.pending_view
        #: Says that so many bytes were read into the pending view; returns events.
        self.pending_filled: Final = self._receiving.pending_filled
        self.phase: str = states.PREAMBLE if role == roles.INITIATOR else states.HELLO
        self.failure: ProtocolError | None = None
        self.part_bytes = 0
        self.dispatch: Callable[[list[Event]], None] | None = None
        self.strings: tuple[bool, bool] = (True, False)

    def set_traces(self, sent: FrameTrace, received: FrameTrace) -> None:
        """Report every frame, in order, with type, channel and payload length. Spec: TR-010."""
        self.out.trace = sent
        self._receiving.trace = received

    # -- the five verbs -------------------------------------------------------------------------

    def start(self) -> None:
        """Queue what this side says first. Spec: HS-001, HS-006.

        Raises:
            LocalProtocolError: That has been done, or the connection has ended. Spec: HS-008, ER-002.
        """
        if self.phase is states.ENDED_CONNECTION:
            self._must_run()
        self.handshake.start()

    def receive_eof(self) -> None:
        """Take the end of the peer's bytes.

        ``failure`` is set if it came in the middle of a frame or of the handshake.
        """
        self._receiving.receive_eof()
        if not self.gives_last_words:  # [GR-014]
            self.phase = states.ENDED_CONNECTION

    def data_to_send(self) -> list[Buffer]:
        """Return the buffers to write now, in order."""
        return self.out.take()

    # -- channels -------------------------------------------------------------------------------

    def open_channel(self) -> ChannelState:
        """Open a channel of ours, and tell the peer; a reference in an item hands it over. Spec: CH-008.

        Raises:
            LocalProtocolError: The handshake is not complete or the connection has ended, or the
                peer takes no more channels. Spec: CH-003, CH-011.
        """
        self._must_take_work()
        channel = self.table.new_local()
        self.out.frame(frames.CHANNEL_OPEN, channel.id)
        return channel

    def send_request(self, frame_type: int, payload: bytes = b"") -> ChannelState:
        """Ask the worker for something: STATUS, INFO or CHANNEL_EXEC.

        Returns:
            The new channel on which the answer comes.

        Raises:
            LocalProtocolError: This side is the worker, or the connection does not run, or the
                request is larger than the peer takes, or it takes no more channels.
        """
        self._must_take_work()
        if self.role != roles.INITIATOR or frame_type not in REQUESTS:
            raise LocalProtocolError(f"the {self.role} does not send {frames.NAMES[frame_type]} as a request")
        limit = self.handshake.peer.limits.frame
        if len(payload) > limit:
            raise LocalProtocolError(
                f"the request is {len(payload)} bytes long but the peer takes at most {limit} in one frame"
            )
        channel = self.table.new_local()
        self.out.frame(frame_type, channel.id, payload)
        return channel

    def send_item(
        self, channel: ChannelState, payload: Buffer, cost_bytes: int, frame_type: int = frames.CHANNEL_DATA
    ) -> bool:
        """Send one complete item, or the last piece of one sent in parts.

        Args:
            channel: Where.
            payload: Encoded item, at most ``part_bytes``: larger ones go in parts. Spec: FC-020 to FC-022.
            cost_bytes: What it costs, for one item ``len(payload) + ITEM_COST_BYTES``.
            frame_type: CHANNEL_DATA, or by the methods below another one that costs credit.

        Returns:
            False if there is not enough credit yet; then nothing was sent.

        Raises:
            LocalProtocolError: The send half is not open, or the payload is too large.
        """
        sender = channel.sender
        if sender.state is not states.OPEN or self.phase is not states.RUNNING:
            self._must_take_work()
            sender.step(states.SEND_ITEM)
        if len(payload) > self.part_bytes:
            raise LocalProtocolError(
                f"a payload of {len(payload)} bytes in one frame; at most {self.part_bytes} are sent in one"
            )
        if sender.credit < cost_bytes:
            return False
        sender.credit -= cost_bytes
        sender.in_parts = False
        self.out.frame(frame_type, channel.id, payload)
        return True

    def send_batch(self, channel: ChannelState, payload: Buffer, cost_bytes: int) -> bool:
        """Send several items at once; like ``send_item``.

        Raises:
            LocalProtocolError: As there; or the batch costs more than half of the window, so that
                credit for it might never come, or an item that is sent in parts is not complete.
        """
        most = self.table.send_credit_bytes // 2
        if cost_bytes > most:
            raise LocalProtocolError(f"a batch that costs {cost_bytes} bytes; the window allows {most}")
        if channel.sender.in_parts:
            raise LocalProtocolError("a batch in the middle of an item that is sent in parts")
        return self.send_item(channel, payload, cost_bytes, frames.CHANNEL_BATCH)

    def send_part(self, channel: ChannelState, payload: Buffer) -> bool:
        """Send a piece, but the last, of an item; like ``send_item``."""
        if not self.send_item(channel, payload, len(payload), frames.CHANNEL_PART):
            return False
        channel.sender.in_parts = True
        return True

    def send_last(self, channel: ChannelState) -> None:
        """Say that nothing more will be sent on the channel.

        Raises:
            LocalProtocolError: The send half is not open, or in the middle of an item that is sent
                in parts; or the connection does not run.
        """
        self._must_run()
        if channel.sender.in_parts and channel.sender.state is states.OPEN:
            raise LocalProtocolError(
                "the last message cannot be in the middle of an item that is sent in parts"
            )
        channel.sender.step(states.SEND_LAST)
        self.out.frame(frames.CHANNEL_LAST_MESSAGE, channel.id)

    def send_close(self, channel: ChannelState, error: ChannelError | None = None) -> None:
        """Close the channel for both sides.

        Args:
            channel: Which; a channel that is closed already is left alone.
            error: What its user there sees as a remote error.
        """
        if channel.closed:
            return
        channel.sender.step(states.SEND_CLOSE)
        channel.receiver.step(states.SEND_CLOSE)
        channel.receiver.drop_parts()
        self.table.forget(channel)
        if self.phase not in states.LIVE:
            return
        if error is None:
            self.out.frame(frames.CHANNEL_CLOSE, channel.id)
        else:
            payload = channel_errors.encode_channel_error(error)
            self.out.frame(frames.CHANNEL_CLOSE_ERROR, channel.id, payload)

    def send_cancel(self, channel: ChannelState) -> None:
        """Ask the worker to end an execution, if its channel is open; as ``send_last``. Spec: GW-033."""
        if self.role != roles.INITIATOR:
            raise LocalProtocolError("a worker does not send CHANNEL_CANCEL")
        if not channel.closed:
            self._must_run()
            self.out.frame(frames.CHANNEL_CANCEL, channel.id)

    def take(self, channel: ChannelState) -> Any:
        """Hand the oldest item of the channel to the application and return credit when due.

        Raises:
            IndexError: There is none.
        """
        receiver = channel.receiver
        receiver.consumed, item, kept_bytes = receiver.items.popleft()
        receiver.account.kept_bytes -= kept_bytes
        # What is due is never more than this difference: most items need no closer look.
        if receiver.arrived - receiver.granted >= receiver.step_bytes:
            self.return_credit(channel)
        return item

    def return_credit(self, channel: ChannelState) -> None:
        """Send what credit is due on the channel, if it is worth a frame. Spec: FC-014 to FC-016."""
        credit = channel.receiver.maybe_grant()
        if credit is not None and self.phase in states.LIVE:
            self.out.frame(frames.CHANNEL_CREDIT, channel.id, messages.encode_credit(credit))

    def relieve(self, channel: ChannelState, begins: bool) -> None:
        """Begin or stop to credit the channel's items on arrival.

        For the time in which a local thread is blocked on something else of this connection and
        so cannot take items: bounding could deadlock then. Calls nest. Spec: FC-040 to FC-042.
        """
        channel.receiver.relieved += 1 if begins else -1
        if begins:
            self.return_credit(channel)

    def relieve_all(self, begins: bool) -> None:
        """``relieve`` every channel, and those that open meanwhile."""
        self.table.relieved += 1 if begins else -1
        for channel in list(self.table.open.values()):
            self.relieve(channel, begins)

    # -- the connection -------------------------------------------------------------------------

    @property
    def gives_no_work(self) -> bool:
        """Whether this side has asked the worker to end: then it sends no requests and items."""
        return self.phase is states.TERMINATING and self.role == roles.INITIATOR

    @property
    def gives_last_words(self) -> bool:
        """Whether this side is a worker that was asked to end: then it sends on when its input has ended."""
        return self.phase is states.TERMINATING and self.role == roles.WORKER

    def send_reconfigure(self, channel_id: int, strings: tuple[bool, bool]) -> None:
        """Tell the peer how it should coerce strings, on one channel or (0) by default.

        On a channel that is closed nothing more will come that could be coerced, and "a peer MUST
        NOT send any frame of that channel" (Spec: CH-040), so this does nothing then.
        """
        self._must_run()
        if channel_id and channel_id not in self.table.open:
            return
        self.out.frame(frames.RECONFIGURE, channel_id, messages.encode_reconfigure(strings))

    def send_terminate(self, finish_ms: int | None = None, interrupt_ms: int | None = None) -> None:
        """Ask the worker to end.

        Args:
            finish_ms: How long executions may go on, None for the default.
            interrupt_ms: The same for how long after they were interrupted.

        Raises:
            LocalProtocolError: This side is the worker, or the connection does not run, or it was
                asked already.
        """
        self._must_take_work()
        if self.role != roles.INITIATOR:
            raise LocalProtocolError("a worker does not send GATEWAY_TERMINATE")
        self.out.frame(frames.GATEWAY_TERMINATE, 0, messages.encode_terminate(finish_ms, interrupt_ms))
        self.phase = states.TERMINATING

    def send_ping(self, payload: bytes) -> None:
        """Ask the peer to echo ``payload``.

        Raises:
            LocalProtocolError: It has more than 64 bytes, or the connection does not run.
        """
        self._must_run()
        if len(payload) > PING_BYTES:
            raise LocalProtocolError(
                f"a PING with a payload of {len(payload)} bytes; at most {PING_BYTES} are allowed"
            )
        self.out.frame(frames.PING, 0, payload)

    def fail(self, error: ProtocolError) -> None:
        """End the connection, telling the peer why if it broke a rule. Spec: ER-002."""
        if self.phase is states.ENDED_CONNECTION:
            return
        self.failure = error
        if isinstance(error, RemoteProtocolError):
            self._say_goaway(error.code, str(error))
        self.phase = states.ENDED_CONNECTION

    def send_goaway(self, text: str) -> None:
        """End the connection without a mistake of anybody, saying so; one that has ended is left alone.

        Spec: ER-010, GR-012.
        """
        if self.phase in states.LIVE:
            self._say_goaway(codes.NO_ERROR, text)
            self.phase = states.ENDED_CONNECTION

    def _say_goaway(self, code: int, text: str) -> None:
        self.out.frame(frames.GOAWAY, 0, messages.encode_goaway(code, text, self.table.last_of_peer))

    @property
    def ended_in_order(self) -> bool:
        """Whether the peer has ended the connection without a mistake of anybody."""
        return isinstance(self.failure, PeerGoneAway) and self.failure.code == codes.NO_ERROR

    def is_unknown_to_peer(self, channel: ChannelState) -> bool:
        """Return whether the peer, which has gone away, said that it never looked at what opened the channel.

        What it has sent on the channel says otherwise. Spec: ER-008, GR-022, GR-023.
        """
        failure = self.failure
        return (
            isinstance(failure, PeerGoneAway)
            and channel.id > failure.last
            and self.table.is_local(channel.id)
            and not channel.receiver.arrived
        )

    def begin_to_run(self, peer: Hello) -> None:
        """Obey what the peer announced, now that its HELLO is here. Spec: HS-017."""
        self.table.send_credit_bytes = peer.credit
        self.table.local_limit = peer.limits.channels
        # A quarter of the window: the receiver returns credit at half of it, so a sender always
        # has room for the next part. Spec: FC-021
        # Not more than an item: so what is too long for the peer is always one of those that go in
        # parts, and is refused there. Spec: VA-008
        self.part_bytes = min(PART_BYTES, peer.limits.frame, peer.credit // 4, peer.limits.item)
        self.phase = states.RUNNING

    def _must_take_work(self) -> None:
        """Requests and items need more than a connection that lives. Spec: GR-002."""
        if self.gives_no_work:
            raise LocalProtocolError("the worker has been asked to end and takes nothing more")
        self._must_run()

    def _must_run(self) -> None:
        if self.phase not in states.LIVE:
            raise LocalProtocolError(
                "the connection has ended"
                if self.phase is states.ENDED_CONNECTION
                else "the peer's HELLO has not arrived yet"
            )
