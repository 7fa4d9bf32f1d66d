"""Executions that are to end: where an interrupt has to wait until their thread uses a channel.

The main thread gets SIGINT, and greenlets are interrupted by their library. Any other thread is interrupted
here: in the wait in which it is, or when it uses a channel next. Spec: GW-034.
"""

from __future__ import annotations

from xnet_channel.platform.native import get_ident
from xnet_channel.threads.errors import CANCEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_wire.channel_errors import ChannelError


class Cancelling:
    """The executions of one session that were cancelled and have not ended.

    Attributes:
        channels: Ids of their channels.
        threads: Threads that are still to be interrupted.

    Threads: all under the session's lock.
    """

    def __init__(self) -> None:
        self.channels: set[int] = set()
        self.threads: set[int] = set()

    def interrupt_here_locked(self) -> None:
        """Interrupt the thread that calls, once, if it is to be interrupted.

        Raises:
            KeyboardInterrupt: It is.
        """
        me = get_ident()
        if me in self.threads:
            self.threads.discard(me)
            raise KeyboardInterrupt

    def reason_locked(self, channel_id: int, otherwise: ChannelError) -> ChannelError:
        """Return why an interrupt closes a channel: of what was cancelled, or otherwise."""
        return CANCEL if channel_id in self.channels else otherwise

    def forget_locked(self, channel_id: int, thread: int) -> None:
        """Forget an execution that has ended in a thread."""
        self.channels.discard(channel_id)
        self.threads.discard(thread)
