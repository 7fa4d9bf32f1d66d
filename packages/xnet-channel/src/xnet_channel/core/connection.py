"""One connection, without I/O: bytes in, events out; calls in, bytes out.

Its driver (a thread, an event loop, a test) serialises all calls, passes what it read to
``receive_data`` and writes what ``data_to_send`` returns after every call.

Spec: 10-preamble-hello.md (HS), 20-frames.md (FR), 40-channels.md (CH), 50-flow-control.md (FC),
80-errors.md (ER).
"""

from __future__ import annotations

from xnet_channel.core import roles, states
from xnet_channel.core.connection_state import ConnectionState
from xnet_channel.core.errors import LocalProtocolError
from xnet_channel.core.receiving import Receiving
from xnet_wire import frames, messages
from xnet_wire.frames import HEADER_BYTES
from xnet_wire.limits import ITEM_COST_BYTES, PING_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.events import Event
    from xnet_channel.core.outgoing import Buffer, FrameTrace
    from xnet_wire.messages import Hello

#: The longest item whose length is one byte: what ``ChannelState.item_head`` leaves out.
SMALL_ITEM_BYTES: Final = 255
#: That byte.
LENGTHS: Final = [bytes([length]) for length in range(SMALL_ITEM_BYTES + 1)]
#: Requests that open a channel.
REQUESTS: Final = frozenset({frames.STATUS, frames.INFO, frames.CHANNEL_EXEC})


class Connection(ConnectionState):
    """One end of a connection.

    Attributes:
        receiving: What is done with what arrives; a shell may call it directly.

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
        super().__init__(role, local)
        self.receiving: Final = Receiving(self, make_channel)

    def set_traces(self, sent: FrameTrace, received: FrameTrace) -> None:
        """Report every frame, in order, with type, channel and payload length. Spec: TR-010."""
        self.out.trace = sent
        self.receiving.trace = received

    # -- the five verbs -------------------------------------------------------------------------

    def start(self) -> None:
        """Queue what this side says first. Spec: HS-001, HS-006.

        Raises:
            LocalProtocolError: That has been done, or the connection has ended. Spec: HS-008, ER-002.
        """
        if self.phase is states.ENDED_CONNECTION:
            self.must_run()
        self.handshake.start()

    def receive_data(self, data: Buffer) -> list[Event]:
        """Take bytes from the peer and return what happened; see ``Receiving.receive_data``."""
        return self.receiving.receive_data(data)

    def receive_eof(self) -> None:
        """Take the end of the peer's bytes.

        ``failure`` is set if it came in the middle of a frame or of the handshake.
        """
        self.receiving.receive_eof()
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
        self.must_take_work()
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
        self.must_take_work()
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
            self.must_take_work()
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

    def small_item(self, channel: ChannelState, payload: bytes) -> bytes | None:
        """Do what ``send_item`` does for a small item, but return its frame, to be written at once.

        It takes half as many steps. See ``receive_sole_item`` for why there is such a way. Spec: FC-002

        Returns:
            None if anything is unusual: then nothing was done, and ``send_item`` must do it.
        """
        sender, out = channel.sender, self.out
        size = len(payload)
        cost_bytes = size + ITEM_COST_BYTES
        if (
            size > SMALL_ITEM_BYTES
            or size > self.part_bytes
            or sender.credit < cost_bytes
            or sender.state is not states.OPEN
            or self.phase is not states.RUNNING
            or out.buffers
            or out.trace is not None
        ):
            return None
        sender.credit -= cost_bytes
        sender.in_parts = False
        out.queued_bytes += size + HEADER_BYTES
        return channel.item_head + LENGTHS[size] + payload

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
        self.must_run()
        if channel.sender.in_parts and channel.sender.state is states.OPEN:
            raise LocalProtocolError(
                "the last message cannot be in the middle of an item that is sent in parts"
            )
        channel.sender.step(states.SEND_LAST)
        self.out.frame(frames.CHANNEL_LAST_MESSAGE, channel.id)

    def send_cancel(self, channel: ChannelState) -> None:
        """Ask the worker to end an execution, if its channel is open; as ``send_last``. Spec: GW-033."""
        if self.role != roles.INITIATOR:
            raise LocalProtocolError("a worker does not send CHANNEL_CANCEL")
        if not channel.closed:
            self.must_run()
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

    def send_reconfigure(self, channel_id: int, strings: tuple[bool, bool]) -> None:
        """Tell the peer how it should coerce strings, on one channel or (0) by default.

        Nothing is sent on a channel that is closed (Spec: CH-040), or to a peer that knows no flags (PY-010).
        """
        self.must_run()
        if messages.knows_strings(self.handshake.peer, strings) and (
            not channel_id or channel_id in self.table.open
        ):
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
        self.must_take_work()
        if self.role != roles.INITIATOR:
            raise LocalProtocolError("a worker does not send GATEWAY_TERMINATE")
        self.out.frame(frames.GATEWAY_TERMINATE, 0, messages.encode_terminate(finish_ms, interrupt_ms))
        self.phase = states.TERMINATING

    def send_ping(self, payload: bytes) -> None:
        """Ask the peer to echo ``payload``.

        Raises:
            LocalProtocolError: It has more than 64 bytes, or the connection does not run.
        """
        self.must_run()
        if len(payload) > PING_BYTES:
            raise LocalProtocolError(
                f"a PING with a payload of {len(payload)} bytes; at most {PING_BYTES} are allowed"
            )
        self.out.frame(frames.PING, 0, payload)
