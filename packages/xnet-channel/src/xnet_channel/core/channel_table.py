"""Which channels are open, and how one comes to be.

Spec: CH-001 to CH-013.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from xnet_channel.core import roles, states
from xnet_channel.core.account import Account
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.discarded_item import DiscardedItem
from xnet_channel.core.errors import LocalProtocolError, RemoteProtocolError
from xnet_channel.core.id_space import STRIDE, IdSpace
from xnet_wire import codes
from xnet_wire.limits import MAX_CHANNEL_ID


class ChannelTable:
    """All open channels of one connection.

    Attributes:
        account: Counts what is kept for all of them, closed ones included.
        open: Open channels by id.
        send_credit_bytes: Initial credit of a send half: what the peer announced.
        local_limit: How many channels of ours the peer lets be open at once.
        relieved: How many reasons there are to credit arrivals on every channel at once.
        torn: Ids never open here of which the beginning of an item was dropped, but not its end.
    """

    __slots__ = (
        "_gone",
        "_limit",
        "_local_open",
        "_next_local",
        "_peer_ids",
        "_peer_open",
        "_window_bytes",
        "account",
        "local_limit",
        "open",
        "relieved",
        "send_credit_bytes",
        "torn",
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
        # Closed channels that were referred to and that somebody still holds.
        self._gone: WeakValueDictionary[int, ChannelState] = WeakValueDictionary()
        self.send_credit_bytes = 0
        self.relieved = 0
        self.torn: set[int] = set()
        self._next_local = first_local
        self._peer_ids = IdSpace(first_peer)
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

    def new_requested(self, id_: int) -> ChannelState:
        """Open the channel of a request of the peer.

        Raises:
            RemoteProtocolError: ROLE_VIOLATION if the id is not one of the peer's,
                STATE_VIOLATION if it was used before, LIMIT_EXCEEDED.
        """
        if id_ == 0 or not self._peer_ids.owns(id_):
            raise RemoteProtocolError(codes.ROLE_VIOLATION, f"channel id {id_} is not the peer's to open")
        if self._peer_ids.seen(id_):
            raise RemoteProtocolError(
                codes.STATE_VIOLATION, f"a request on channel {id_}, which was opened before"
            )
        return self._add_peer(id_)

    def referenced(self, id_: int) -> ChannelState:
        """Return the channel that an item refers to, opening it if it is new.

        A reference to a channel that is closed by now (it was in flight) gives a closed channel, the same
        one each time while it is held.

        Raises:
            RemoteProtocolError: VALUE_MALFORMED if no such channel can be, LIMIT_EXCEEDED.
        """
        channel = self.open.get(id_)
        if channel is not None:
            return channel
        ours = not self._peer_ids.owns(id_)
        if not 0 < id_ <= MAX_CHANNEL_ID or (ours and id_ >= self._next_local):
            raise RemoteProtocolError(
                codes.VALUE_MALFORMED, f"a reference to channel {id_}, which this side never opened"
            )
        if not ours and not self._peer_ids.seen(id_):
            return self._add_peer(id_)
        gone = self._gone.get(id_)
        if gone is None:
            if len(self._gone) >= self._limit:
                raise RemoteProtocolError(
                    codes.LIMIT_EXCEEDED,
                    f"references to more than {self._limit} channels that are closed are held here",
                )
            gone = self._gone[id_] = ChannelState(id_, 0, self._window_bytes, self.account)
            gone.sender.state = gone.receiver.state = states.CLOSED
        return gone

    def forget(self, channel: ChannelState) -> None:
        """Drop a closed channel; what still arrives for it is dropped too. Spec: CH-061."""
        if self.open.pop(channel.id, None) is None:
            return
        if self._peer_ids.owns(channel.id):
            self._peer_open -= 1
        else:
            self._local_open -= 1

    def mark_closed(self, id_: int) -> None:
        """Remember that the peer closed a channel which is not open here.

        If it is a fresh one of the peer's, its CHANNEL_CLOSE overtook the reference that would have
        opened it; nobody would ever close it again. Spec: CH-012.

        Raises:
            RemoteProtocolError: LIMIT_EXCEEDED, as for ``IdSpace.mark``.
        """
        if self._peer_ids.owns(id_) and not self._peer_ids.seen(id_):
            self._peer_ids.mark(id_)
            self.torn.discard(id_)

    def drop_part(self, id_: int) -> None:
        """Note that a piece of an item was dropped: if the channel opens, so must be the rest.

        Raises:
            RemoteProtocolError: LIMIT_EXCEEDED, on more channels than the peer may have open.
        """
        if not self._peer_ids.owns(id_) or self._peer_ids.seen(id_):
            return
        self.torn.add(id_)
        if len(self.torn) > self._limit:
            raise RemoteProtocolError(
                codes.LIMIT_EXCEEDED,
                f"incomplete items on more than {self._limit} channels that were never opened",
            )

    def _add_peer(self, id_: int) -> ChannelState:
        if self._peer_open >= self._limit:
            raise RemoteProtocolError(
                codes.LIMIT_EXCEEDED, f"the peer has {self._limit} channels open, the most allowed"
            )
        self._peer_ids.mark(id_)
        self._peer_open += 1
        channel = self._add(id_)
        if id_ in self.torn:
            self.torn.remove(id_)
            channel.receiver.parts = DiscardedItem()
        return channel

    def _add(self, id_: int) -> ChannelState:
        channel = ChannelState(id_, self.send_credit_bytes, self._window_bytes, self.account)
        channel.receiver.relieved = self.relieved
        self.open[id_] = channel
        return channel
