"""The compiled short way of small items, where ``xnet-speedups`` is here: see its ``_lane``.

It stands in front of ``Channel.send`` and ``Channel.receive`` and calls them whenever anything is unusual.
"""

from __future__ import annotations

import functools

from xnet_wire import speedups
from xnet_wire.limits import FRAME_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from xnet_channel.threads.endpoint import Endpoint
    from xnet_speedups._lane import Lane

    Method = TypeVar("Method", bound=Callable[..., object])


def make_lane(endpoint: Endpoint) -> Lane | None:
    """Return the short way of a connection whose other side has said what it takes, or None."""
    encoder = getattr(endpoint.sending.encode, "__self__", None)
    if speedups.module is None or not isinstance(encoder, speedups.module.Encoder):
        return None
    try:
        from xnet_speedups._lane import Lane
    except ImportError:  # it was not compiled for this system
        return None
    connection = endpoint.link.connection
    limits = connection.local.limits
    most_bytes = min(limits.frame, limits.item, connection.table.account.scanned_from_bytes, FRAME_BYTES)
    return Lane(endpoint, limits.depth, most_bytes)


def quick_send(slow: Method) -> Method:
    """Put the short way in front of ``Channel.send``."""
    return _quick("quick_send", slow)


def quick_receive(slow: Method) -> Method:
    """Put the short way in front of ``Channel.receive``."""
    return _quick("quick_receive", slow)


def _quick(name: str, slow: Method) -> Method:
    if speedups.module is None:
        return slow
    try:
        from xnet_speedups import _lane
    except ImportError:
        return slow
    return functools.wraps(slow)(getattr(_lane, name)(slow))  # type: ignore[return-value]
