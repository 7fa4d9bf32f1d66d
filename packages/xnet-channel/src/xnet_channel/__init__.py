"""xnet-channel: channels over one connection.

* ``core``: the protocol without I/O: bytes in, events out; calls in, bytes out.
* ``platform``: what the system gives and another may give otherwise: descriptors, threads, locks, clocks,
  interrupts, greenlets. Knows nothing of channels.
* ``threads``: the blocking API on top: ``Session`` drives a core over a socket or pipes, ``Channel``
  sends and receives.

The names below are loaded on first use, so that importing one module does not import all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.core.connection import Connection
    from xnet_channel.core.errors import LocalProtocolError, PeerGoneAway, ProtocolError, RemoteProtocolError
    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.channel_files import ChannelFileRead, ChannelFileWrite
    from xnet_channel.threads.errors import CallbackError, NeverBegunError, RemoteError, TimeoutError
    from xnet_channel.threads.owner import SessionOwner
    from xnet_channel.threads.session import Session

_HOMES = {
    "CallbackError": "xnet_channel.threads.errors",
    "Channel": "xnet_channel.threads.channel",
    "ChannelFileRead": "xnet_channel.threads.channel_files",
    "ChannelFileWrite": "xnet_channel.threads.channel_files",
    "Connection": "xnet_channel.core.connection",
    "LocalProtocolError": "xnet_channel.core.errors",
    "NeverBegunError": "xnet_channel.threads.errors",
    "PeerGoneAway": "xnet_channel.core.errors",
    "ProtocolError": "xnet_channel.core.errors",
    "RemoteError": "xnet_channel.threads.errors",
    "RemoteProtocolError": "xnet_channel.core.errors",
    "Session": "xnet_channel.threads.session",
    "SessionOwner": "xnet_channel.threads.owner",
    "TimeoutError": "xnet_channel.threads.errors",
}

__all__ = [
    "CallbackError",
    "Channel",
    "ChannelFileRead",
    "ChannelFileWrite",
    "Connection",
    "LocalProtocolError",
    "NeverBegunError",
    "PeerGoneAway",
    "ProtocolError",
    "RemoteError",
    "RemoteProtocolError",
    "Session",
    "SessionOwner",
    "TimeoutError",
]


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    from xnet_wire.lazy import load_name

    return load_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    """List the lazy names too."""
    from xnet_wire.lazy import list_names

    return list_names(globals(), __all__)
