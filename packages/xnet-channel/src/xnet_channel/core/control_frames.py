"""What a connection does with every frame that carries no item.

One handler for each type. A frame is judged in the order of the specification's table of checks:
channel id, HELLO first, role, payload, and only then what it means here.

Spec: ER-020 (order of checks); the ids at each handler.
"""

from __future__ import annotations

from xnet_channel.core import roles, states
from xnet_channel.core.errors import PeerGoneAway, RemoteProtocolError
from xnet_channel.core.events import (
    CancelReceived,
    ChannelClosed,
    ChannelOpened,
    CreditReceived,
    HelloReceived,
    LastMessageReceived,
    LateErrorReceived,
    PongReceived,
    RequestReceived,
    TerminateReceived,
)
from xnet_wire import channel_errors, codes, frames, messages
from xnet_wire.errors import WireError
from xnet_wire.limits import PING_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.core.connection_state import ConnectionState
    from xnet_channel.core.events import Event

    Payload = bytes | bytearray
    Handler = Callable[[int, Payload], Event | None]

#: Frame types that concern the connection: their channel id is 0. Spec: FR-014.
ON_CHANNEL_ZERO: Final = frozenset(
    {frames.HELLO, frames.GATEWAY_TERMINATE, frames.PING, frames.PONG, frames.GOAWAY}
)

#: Frame types that may be on channel 0 and on any other.
ON_ANY_CHANNEL: Final = frozenset({frames.RECONFIGURE})


class ControlFrames:
    """The handlers of one connection.

    Attributes:
        handlers: What to call with (channel id, payload), by frame type. The side that receives
            items adds its own.
    """

    __slots__ = ("_connection", "handlers")

    def __init__(self, connection: ConnectionState) -> None:
        self._connection = connection
        self.handlers: dict[int, Handler] = {
            frames.STATUS: lambda id_, payload: self._request(frames.STATUS, id_, payload),
            frames.INFO: lambda id_, payload: self._request(frames.INFO, id_, payload),
            frames.CHANNEL_EXEC: lambda id_, payload: self._request(frames.CHANNEL_EXEC, id_, payload),
            frames.CHANNEL_OPEN: self._open,
            frames.CHANNEL_CANCEL: self._cancel,
            frames.RECONFIGURE: self._reconfigure,
            frames.GATEWAY_TERMINATE: self._terminate,
            frames.CHANNEL_CLOSE: lambda id_, payload: self._close(id_, payload, with_error=False),
            frames.CHANNEL_CLOSE_ERROR: lambda id_, payload: self._close(id_, payload, with_error=True),
            frames.CHANNEL_LAST_MESSAGE: self._last_message,
            frames.CHANNEL_CREDIT: self._credit,
            frames.HELLO: self._hello,
            frames.PING: self._ping,
            frames.PONG: self._pong,
            frames.GOAWAY: self._goaway,
        }

    def receive(self, frame_type: int, id_: int, payload: Payload) -> Event | None:
        """Judge and act on one frame.

        Raises:
            RemoteProtocolError: The frame breaks a rule.
            WireError: So does its payload.
            PeerGoneAway: It is a GOAWAY.
        """
        handler = self.handlers.get(frame_type)
        if handler is None:
            return None  # an ignorable type: the decoder let it pass. Spec: FR-011, FR-012
        if (frame_type in ON_CHANNEL_ZERO) != (id_ == 0) and frame_type not in ON_ANY_CHANNEL:
            expected = "0" if id_ else "a channel that is not 0"
            raise RemoteProtocolError(
                codes.STATE_VIOLATION,
                f"{frames.NAMES[frame_type]} came on channel {id_}, its place is {expected}",
            )
        # "A frame other than HELLO or GOAWAY that arrives before the peer's HELLO, and a second
        # HELLO, MUST end the connection with STATE_VIOLATION." Spec: HS-008
        complete = self._connection.handshake.complete
        if (frame_type == frames.HELLO) is complete and frame_type != frames.GOAWAY:
            sentence = (
                "the peer sent a second HELLO"
                if complete
                else f"the peer sent {frames.NAMES[frame_type]} before its HELLO"
            )
            raise RemoteProtocolError(codes.STATE_VIOLATION, sentence)
        return handler(id_, payload)

    # -- the connection -------------------------------------------------------------------------

    def _hello(self, id_: int, payload: Payload) -> Event:
        """Spec: HS-010 to HS-017."""
        hello = self._connection.handshake.receive_hello(payload)
        self._connection.begin_to_run(hello)
        return HelloReceived(hello)

    def _terminate(self, id_: int, payload: Payload) -> Event | None:
        """Spec: GR-003, GR-006."""
        self._must_be_worker(frames.GATEWAY_TERMINATE)
        times = messages.decode_terminate(payload)
        connection = self._connection
        if connection.phase is states.TERMINATING:
            return None
        connection.phase = states.TERMINATING
        return TerminateReceived(*times)

    def _reconfigure(self, id_: int, payload: Payload) -> None:
        """Spec: VA-040 to VA-042."""
        connection = self._connection
        strings = messages.decode_reconfigure(payload)
        if id_ == 0:
            connection.strings = strings
        elif (channel := connection.table.find(id_)) is not None:
            channel.strings = strings

    def _ping(self, id_: int, payload: Payload) -> None:
        """Spec: FR-020, FR-021."""
        _must_be_an_echo(frames.PING, payload)
        self._connection.out.frame(frames.PONG, 0, payload)

    def _pong(self, id_: int, payload: Payload) -> Event:
        """Spec: FR-020, FR-022."""
        _must_be_an_echo(frames.PONG, payload)
        return PongReceived(bytes(payload))

    def _goaway(self, id_: int, payload: Payload) -> None:
        """Spec: ER-004: never answered with GOAWAY, also not if the payload is malformed."""
        try:
            code, text, last = messages.decode_goaway(payload)
        except WireError as error:
            raise PeerGoneAway(
                error.code, f"the peer ended the connection without a readable reason: {error}"
            ) from error
        raise PeerGoneAway(code, text, last)

    # -- channels -------------------------------------------------------------------------------

    def _open(self, id_: int, payload: Payload) -> Event:
        """Spec: CH-008, CH-009, CH-011."""
        _must_be_empty(frames.CHANNEL_OPEN, payload)
        return ChannelOpened(self._connection.table.new_peer(id_))

    def _request(self, frame_type: int, id_: int, payload: Payload) -> Event:
        """Spec: CH-008, CH-009, CH-011, GW-001."""
        self._must_be_worker(frame_type)
        request = None
        if frame_type == frames.CHANNEL_EXEC:
            # Decoded here and not where it is executed: a malformed one must end the connection
            # before the frames after it are acted upon. Spec: FR-002, ER-020
            request = messages.decode_exec(payload)
        else:
            _must_be_empty(frame_type, payload)
        channel = self._connection.table.new_peer(id_)
        return RequestReceived(frame_type, channel, request)

    def _close(self, id_: int, payload: Payload, *, with_error: bool) -> Event | None:
        """Spec: CH-040, CH-041, CH-060."""
        error = None
        if with_error:
            error = channel_errors.decode_channel_error(payload)
        else:
            _must_be_empty(frames.CHANNEL_CLOSE, payload)
        table = self._connection.table
        channel = table.find(id_)
        if channel is None:
            # Our own CHANNEL_CLOSE crossed the peer's.
            return None if error is None else LateErrorReceived(error)
        channel.sender.step(states.RECV_CLOSE)
        channel.receiver.step(states.RECV_CLOSE)
        channel.receiver.drop_parts()
        table.forget(channel)
        return ChannelClosed(channel, error)

    def _cancel(self, id_: int, payload: Payload) -> Event | None:
        """Spec: GW-033; the owner knows whether there is something to cancel."""
        self._must_be_worker(frames.CHANNEL_CANCEL)
        _must_be_empty(frames.CHANNEL_CANCEL, payload)
        channel = self._connection.table.find(id_)
        return None if channel is None else CancelReceived(channel)

    def _last_message(self, id_: int, payload: Payload) -> Event | None:
        """Spec: CH-035, CH-050."""
        _must_be_empty(frames.CHANNEL_LAST_MESSAGE, payload)
        channel = self._connection.table.find(id_)
        if channel is None:
            return None
        if channel.receiver.parts is not None:
            raise RemoteProtocolError(
                codes.STATE_VIOLATION, "CHANNEL_LAST_MESSAGE in the middle of an item that is sent in parts"
            )
        channel.receiver.step(states.RECV_LAST)
        return LastMessageReceived(channel)

    def _credit(self, id_: int, payload: Payload) -> Event | None:
        """Spec: FC-010 to FC-013."""
        credit = messages.decode_credit(payload)
        channel = self._connection.table.find(id_)
        if channel is None or channel.sender.state is not states.OPEN:
            return None
        channel.sender.grant(credit)
        return CreditReceived(channel)

    def _must_be_worker(self, frame_type: int) -> None:
        if self._connection.role != roles.WORKER:
            raise RemoteProtocolError(
                codes.ROLE_VIOLATION, f"a worker must not send {frames.NAMES[frame_type]}"
            )


def _must_be_empty(frame_type: int, payload: Payload) -> None:
    if payload:
        raise RemoteProtocolError(
            codes.PAYLOAD_MALFORMED,
            f"{frames.NAMES[frame_type]} came with a payload of {len(payload)} bytes, expected none",
        )


def _must_be_an_echo(frame_type: int, payload: Payload) -> None:
    if len(payload) > PING_BYTES:
        raise RemoteProtocolError(
            codes.PAYLOAD_MALFORMED,
            f"{frames.NAMES[frame_type]} carries {len(payload)} bytes, at most {PING_BYTES} are allowed",
        )
