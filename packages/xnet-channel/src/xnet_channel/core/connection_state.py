"""What both directions of a connection share: what was agreed, its channels, its phase, how it ends.

Spec: CH-040 (closing), FC-014 to FC-016 (credit), GR-002, ER-002, ER-008, HS-017.
"""

from __future__ import annotations

from xnet_channel.core import roles, states
from xnet_channel.core.channel_table import ChannelTable
from xnet_channel.core.errors import LocalProtocolError, PeerGoneAway, RemoteProtocolError
from xnet_channel.core.handshake import Handshake
from xnet_channel.core.outgoing import Outgoing
from xnet_wire import channel_errors, codes, frames, messages
from xnet_wire.limits import PART_BYTES
from xnet_wire.value_types import DEFAULT_STRINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.core.channel_state import ChannelState
    from xnet_channel.core.errors import ProtocolError
    from xnet_channel.core.events import Event
    from xnet_wire.channel_errors import ChannelError
    from xnet_wire.messages import Hello


class ConnectionState:
    """The state of one end of a connection, which both directions change.

    Attributes:
        local: What this side announced.
        role: ``roles.INITIATOR`` or ``roles.WORKER``.
        phase: Where the connection is in its life, see ``states``.
        failure: Why it ended, once it has ended by a mistake of the peer or its GOAWAY.
        part_bytes: Largest payload to put into one frame, once the peer's HELLO is here.
        dispatch: If set, called during ``receive_data`` with the events so far when the last of
            them has to be acted on before the next frame is: a HELLO, a request, a termination.
            ``receive_data`` then returns only the events after it. A shell that answers requests sets
            it, else a PING after a STATUS would be answered first (Spec: FR-007, FR-021, HS-020).
        strings: String coercion flags for channels without their own.

    Threads: the caller serialises.
    """

    def __init__(self, role: str, local: Hello) -> None:
        self.role = role
        self.local = local
        self.out: Final = Outgoing()
        self.table: Final = ChannelTable(role, local.credit, local.limits.channels, local.limits.memory)
        self.handshake: Final = Handshake(role, local, self.out)
        self.phase: str = states.PREAMBLE if role == roles.INITIATOR else states.HELLO
        self.failure: ProtocolError | None = None
        self.part_bytes = 0
        self.dispatch: Callable[[list[Event]], None] | None = None
        self.strings: tuple[bool, bool] = DEFAULT_STRINGS

    # -- channels -------------------------------------------------------------------------------

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

    def return_credit(self, channel: ChannelState) -> None:
        """Send what credit is due on the channel, if it is worth a frame. Spec: FC-014 to FC-016."""
        credit = channel.receiver.maybe_grant()
        if credit is not None and self.phase in states.LIVE:
            self.out.frame(frames.CHANNEL_CREDIT, channel.id, messages.encode_credit(credit))

    # -- the connection -------------------------------------------------------------------------

    @property
    def gives_no_work(self) -> bool:
        """Whether this side has asked the worker to end: then it sends no requests and items."""
        return self.phase is states.TERMINATING and self.role == roles.INITIATOR

    @property
    def gives_last_words(self) -> bool:
        """Whether this side is a worker that was asked to end: then it sends on when its input has ended."""
        return self.phase is states.TERMINATING and self.role == roles.WORKER

    def fail(self, error: ProtocolError) -> None:
        """End the connection, telling the peer why if it broke a rule. Spec: ER-002."""
        if self.phase is states.ENDED_CONNECTION:
            return
        self.failure = error
        if isinstance(error, RemoteProtocolError):
            self._say_goaway(error.code, str(error))
        self.phase = states.ENDED_CONNECTION

    def send_goaway(self, text: str) -> None:
        """End the connection with NO_ERROR: no side made a mistake. One that has ended is left alone.

        Spec: ER-010, GR-012.
        """
        if self.phase in states.LIVE:
            self._say_goaway(codes.NO_ERROR, text)
            self.phase = states.ENDED_CONNECTION

    def _say_goaway(self, code: int, text: str) -> None:
        self.out.frame(frames.GOAWAY, 0, messages.encode_goaway(code, text, self.table.last_of_peer))

    @property
    def ended_in_order(self) -> bool:
        """Whether the peer has ended the connection with NO_ERROR."""
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
        # Not more than an item: so an item too long for the peer always goes in parts, and is
        # refused there. Spec: VA-008
        self.part_bytes = min(PART_BYTES, peer.limits.frame, peer.credit // 4, peer.limits.item)
        self.phase = states.RUNNING

    def must_take_work(self) -> None:
        """Requests and items need more than a connection that lives. Spec: GR-002."""
        if self.gives_no_work:
            raise LocalProtocolError("the worker has been asked to end and takes nothing more")
        self.must_run()

    def must_run(self) -> None:
        """Refuse what a connection can do only while it lives.

        Raises:
            LocalProtocolError: It does not.
        """
        if self.phase not in states.LIVE:
            raise LocalProtocolError(
                "the connection has ended"
                if self.phase is states.ENDED_CONNECTION
                else "the peer's HELLO has not arrived yet"
            )
