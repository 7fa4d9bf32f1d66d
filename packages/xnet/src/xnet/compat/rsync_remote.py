"""``execnet.rsync_remote``: the receiving side of RSync comes in a later version."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.channel import Channel


def serve_rsync(channel: Channel) -> None:
    """Receive a tree; not in this version.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError("receiving a tree is not part of this version of xnet")
