"""One channel as the core sees it."""

from __future__ import annotations

from xnet_channel.core import states
from xnet_channel.core.halves import ReceiveHalf, SendHalf
from xnet_wire.frames import CHANNEL_DATA, encode_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.core.account import Account


class ChannelState:
    """The two halves of a channel and what belongs to both.

    Attributes:
        id: Channel id, odd if the initiator made it, even if the worker did.
        item_head: How a CHANNEL_DATA frame of this channel with less than 256 bytes of payload begins;
            the last byte of the length follows.
        sender: What we may send.
        receiver: What the peer sent.
        strings: String coercion flags of this channel, or None to use the connection's.
        shell: A place for the shell that drives the core to keep its own object for this channel.
    """

    __slots__ = ("__weakref__", "id", "item_head", "receiver", "sender", "shell", "strings")

    def __init__(self, id_: int, send_credit_bytes: int, window_bytes: int, account: Account) -> None:
        self.id = id_
        self.item_head = encode_header(CHANNEL_DATA, id_, 0)[:8]
        self.sender = SendHalf(send_credit_bytes)
        self.receiver = ReceiveHalf(window_bytes, account)
        self.strings: tuple[bool, bool] | None = None
        self.shell: object = None

    @property
    def closed(self) -> bool:
        """Whether both halves are closed: the connection has forgotten the channel."""
        return self.sender.state is states.CLOSED and self.receiver.state is states.CLOSED

    def __repr__(self) -> str:
        return f"<ChannelState {self.id} send={self.sender.state} receive={self.receiver.state}>"
