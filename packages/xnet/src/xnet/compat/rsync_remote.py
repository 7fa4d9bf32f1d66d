"""``execnet.rsync_remote``: the receiving side of RSync."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.channel import Channel


def serve_rsync(channel: Channel) -> None:
    """Receive a tree on a channel, from an ``RSync`` of xnet at its other end.

    Raises:
        Exception: The sender broke the protocol, or the destination cannot be written.
    """
    from xnet_rsync.receiver.start import serve

    serve(channel)
