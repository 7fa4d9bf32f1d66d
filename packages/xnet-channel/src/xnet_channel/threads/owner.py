"""What a session asks of its user."""

from __future__ import annotations

from xnet_channel.threads.why_ended import describe_end
from xnet_wire import frames
from xnet_wire.channel_errors import REFUSED, ChannelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.ending import Ending
    from xnet_wire.messages import ExecRequest, Hello


class SessionOwner:
    """The user of a session; this base is one that needs nothing.

    ``Channel.gateway`` gives the owner, so a gateway is one.

    Threads: the ``on_`` methods run on the reading thread, under the session's lock. They must
    not block.
    """

    def has_greenlets(self) -> bool:
        """Return whether the users of the channels wait in greenlets, so that callbacks should run in one.

        Asked for the first callback, where this process has greenlets and its threads are not replaced.

        Threads: the one that sets the callback.
        """
        return True

    def on_hello(self, hello: Hello) -> None:
        """The handshake is complete."""

    def on_request(self, frame_type: int, channel: Channel, request: ExecRequest | None) -> None:
        """The initiator asked for something (workers only); answer on the channel.

        Args:
            frame_type: STATUS, INFO or CHANNEL_EXEC.
            channel: Where the answer goes.
            request: What CHANNEL_EXEC asks to run, else None.
        """
        channel.refuse(ChannelError(f"this worker does not answer {frames.type_name(frame_type)}", REFUSED))

    def on_cancel(self, channel_id: int) -> None:
        """The initiator asked for the end of what a channel executes, if anything (workers only)."""

    def on_terminate(self, finish_s: float | None, interrupt_s: float | None) -> None:
        """The initiator asked this worker to end.

        Args:
            finish_s: How long executions may go on, in seconds; None for the default.
            interrupt_s: The same for how long after they were interrupted.
        """

    def on_eof(self, ending: Ending, error: OSError | None) -> None:
        """Nothing more comes from the peer, or it broke the protocol. Must lead to ``ending.finish_locked``.

        Args:
            ending: Ends the session; has its ``link``.
            error: What reading failed with; None if the stream ended, or after a mistake of the peer:
                then it is ``ending.link.connection.failure``.
        """
        link = ending.link
        ending.finish_locked(describe_end(link.name, link.connection.failure, error))
