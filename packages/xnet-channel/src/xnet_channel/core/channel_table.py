"""Which channels are open, and how one comes to be.

Ids rise in the stream of the peer that gives them, so one number for each peer tells all ids that were ever
opened from those that were not.

Spec: CH-001 to CH-016.
"""

from __future__ import annotations

from xnet_channel.core import roles, states
from xnet_channel.core.account import Account
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.errors import LocalProtocolError, RemoteProtocolError, TooManyReferences
from xnet_channel.core.weak_values import WeakValues
from xnet_wire import codes
from xnet_wire.limits import MAX_CHANNEL_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Every second number belongs to the peer: initiator ids are odd, worker ids even. Spec: CH-001
STRIDE: Final = 2


class ChannelTable:
    """All open channels of one connection.

    Attributes:
        account: Counts kept bytes for all of them, closed ones included.
        open: Open channels by id.
        send_credit_bytes: Initial credit of a send half: what the peer announced.
        local_limit: How many channels of ours the peer lets be open at once.
        relieved: How many reasons there are to credit arrivals on every channel at once.
    """

    __slots__ = (
        "_closed",
        "_gone",
        "_limit",
        "_local_open",
        "_next_local",
        "_next_peer",
        "_peer_open",
        "_window_bytes",
        "account",
        "local_limit",
        "open",
        "relieved",
        "send_credit_bytes",
    )

    def __init__(self, role: str, window_bytes: int, limit: int, memory_bytes: int) -> None:
        """Start with no channel.

        Args:
            role: ``roles.INITIATOR`` or ``roles.WORKER``.
            window_bytes: Window of every receive half.
            limit: How many channels the peer may have open at once.
            memory_bytes: The most that is kept of what it sends.
        """
        first_local, first_peer = (1, 2) if role == roles.INITIATOR else (2, 1)
        self.account = Account(memory_bytes)
        self.open: dict[int, ChannelState] = {}
        # Closed channels that are still held; and those that were referred to since then: they are counted.
        self._closed = WeakValues()
        self._gone = WeakValues()
        self.send_credit_bytes = 0
        self.relieved = 0
        self._next_local = first_local
        self._next_peer = first_peer
        self._peer_open = 0
        self._local_open = 0
        self.local_limit = limit
        self._window_bytes = window_bytes
        self._limit = limit

    def new_local(self) -> ChannelState:
        """Open a channel with the next id of ours.

        Raises:
            LocalProtocolError: All ids are used up (2**31 channels on one connection), or as many
                are open as the peer takes. Spec: CH-003, CH-011, LI-005.
        """
        if self._local_open >= self.local_limit:
            raise LocalProtocolError(
                f"{self._local_open} channels made by this side are open, the most that the peer takes"
            )
        id_ = self._next_local
        if id_ > MAX_CHANNEL_ID:
            raise LocalProtocolError("this connection has used up its channel ids")
        self._next_local = id_ + STRIDE
        self._local_open += 1
        return self._add(id_)

    def new_peer(self, id_: int) -> ChannelState:
        """Open a channel that the peer made.

        Raises:
            RemoteProtocolError: ROLE_VIOLATION if the id is not one of the peer's, STATE_VIOLATION if it
                is not above all that it has opened, LIMIT_EXCEEDED. Spec: CH-008, CH-009, CH-011.
        """
        if not self._is_peers(id_):
            raise RemoteProtocolError(codes.ROLE_VIOLATION, f"channel id {id_} is not the peer's to open")
        if id_ < self._next_peer:
            raise RemoteProtocolError(
                codes.STATE_VIOLATION,
                f"the peer opens channel {id_} after channel {self._next_peer - STRIDE}; ids must rise",
            )
        if self._peer_open >= self._limit:
            raise RemoteProtocolError(
                codes.LIMIT_EXCEEDED, f"the peer has {self._limit} channels open, the most allowed"
            )
        self._next_peer = id_ + STRIDE
        self._peer_open += 1
        return self._add(id_)

    def find(self, id_: int) -> ChannelState | None:
        """Return the channel of a frame that came, or None if it is gone.

        Raises:
            RemoteProtocolError: STATE_VIOLATION, nobody has opened it. Spec: CH-016.
        """
        channel = self.open.get(id_)
        if channel is None and self._is_unborn(id_):
            raise RemoteProtocolError(codes.STATE_VIOLATION, f"nobody has opened channel {id_}")
        return channel

    def referenced(self, id_: int) -> ChannelState:
        """Return the channel that an item refers to.

        A reference to a channel that is gone (it was in flight) gives a closed channel: the same one each
        time while it is held, and the one that was open if that is held.

        Raises:
            RemoteProtocolError: VALUE_MALFORMED if nobody has opened it, LIMIT_EXCEEDED. Spec: CH-010.
        """
        channel = self.open.get(id_)
        if channel is not None:
            return channel
        if id_ == 0 or self._is_unborn(id_):
            raise RemoteProtocolError(
                codes.VALUE_MALFORMED, f"a reference to channel {id_}, which nobody has opened"
            )
        gone = self._gone.get(id_)
        if gone is None:
            if len(self._gone) >= self._limit:
                raise TooManyReferences(
                    codes.LIMIT_EXCEEDED,
                    f"references to more than {self._limit} channels that are closed are held here",
                )
            gone = self._closed.get(id_)
            if gone is None:
                gone = ChannelState(id_, 0, self._window_bytes, self.account)
                gone.sender.state = gone.receiver.state = states.CLOSED
            self._gone[id_] = gone
        return gone

    def forget(self, channel: ChannelState) -> None:
        """Drop a closed channel; what still arrives for it is dropped too. Spec: CH-061."""
        if self.open.pop(channel.id, None) is None:
            return
        self._closed[channel.id] = channel
        if self._is_peers(channel.id):
            self._peer_open -= 1
        else:
            self._local_open -= 1

    @property
    def last_of_peer(self) -> int:
        """The highest id of a channel that the peer has opened, 0 for none. Spec: ER-008."""
        return max(0, self._next_peer - STRIDE)

    def is_local(self, id_: int) -> bool:
        """Return whether an id is one that this side gives."""
        return not self._is_peers(id_)

    def _is_peers(self, id_: int) -> bool:
        """Return whether an id has the parity of the peer's."""
        return (id_ - self._next_peer) % STRIDE == 0

    def _is_unborn(self, id_: int) -> bool:
        """Return whether an id is above all that were opened by the side that gives ids of its parity."""
        return id_ >= (self._next_peer if self._is_peers(id_) else self._next_local)

    def _add(self, id_: int) -> ChannelState:
        channel = ChannelState(id_, self.send_credit_bytes, self._window_bytes, self.account)
        channel.receiver.relieved = self.relieved
        self.open[id_] = channel
        return channel
