"""What a connection reports. Names are past tense; each is made only by the core."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.core.channel_state import ChannelState
    from xnet_wire.channel_errors import ChannelError
    from xnet_wire.messages import ExecRequest, Hello


class Event:
    """Base of all events."""

    __slots__ = ()


class HelloReceived(Event):
    """The handshake is complete: both HELLOs have passed.

    Attributes:
        hello: What the peer announced.
    """

    __slots__ = ("hello",)

    def __init__(self, hello: Hello) -> None:
        self.hello = hello


class ChannelOpened(Event):
    """The peer opened a channel without a request; an item may refer to it later.

    Attributes:
        channel: The channel.
    """

    __slots__ = ("channel",)

    def __init__(self, channel: ChannelState) -> None:
        self.channel = channel


class ItemsReceived(Event):
    """One or more complete items were added to ``channel.receiver.items``.

    Attributes:
        channel: The channel they arrived on.
        count: How many, >= 1.
    """

    __slots__ = ("channel", "count")

    def __init__(self, channel: ChannelState, count: int) -> None:
        self.channel = channel
        self.count = count


class CreditReceived(Event):
    """The peer is willing to take more on this channel."""

    __slots__ = ("channel",)

    def __init__(self, channel: ChannelState) -> None:
        self.channel = channel


class LastMessageReceived(Event):
    """The peer will not send any more on this channel; we still may."""

    __slots__ = ("channel",)

    def __init__(self, channel: ChannelState) -> None:
        self.channel = channel


class ChannelClosed(Event):
    """The peer closed the channel.

    Attributes:
        channel: The channel, which the connection has forgotten by now.
        error: The peer's error, or None if it closed without one.
    """

    __slots__ = ("channel", "error")

    def __init__(self, channel: ChannelState, error: ChannelError | None) -> None:
        self.channel = channel
        self.error = error


class LateErrorReceived(Event):
    """The peer closed a channel with an error, and this side had closed it already.

    Attributes:
        error: The peer's error.
    """

    __slots__ = ("error",)

    def __init__(self, error: ChannelError) -> None:
        self.error = error


class RequestReceived(Event):
    """The initiator opened a channel by asking something: STATUS, INFO or CHANNEL_EXEC.

    Attributes:
        frame_type: Which of the three.
        channel: The channel to answer on.
        request: What a CHANNEL_EXEC asks for, decoded; None for the others.
    """

    __slots__ = ("channel", "frame_type", "request")

    def __init__(self, frame_type: int, channel: ChannelState, request: ExecRequest | None) -> None:
        self.frame_type = frame_type
        self.channel = channel
        self.request = request


class CancelReceived(Event):
    """The initiator asked this worker to end the execution of a channel, if there is one."""

    __slots__ = ("channel",)

    def __init__(self, channel: ChannelState) -> None:
        self.channel = channel


class TerminateReceived(Event):
    """The initiator asked this worker to end.

    Attributes:
        finish_ms: How long executions may go on, None for the default.
        interrupt_ms: The same for how long after they were interrupted.
    """

    __slots__ = ("finish_ms", "interrupt_ms")

    def __init__(self, finish_ms: int | None, interrupt_ms: int | None) -> None:
        self.finish_ms = finish_ms
        self.interrupt_ms = interrupt_ms


class PongReceived(Event):
    """The peer answered a PING.

    Attributes:
        payload: What the PING carried.
    """

    __slots__ = ("payload",)

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
