"""xnet-channel: channels over one connection.

* ``core``: the protocol without I/O: bytes in, events out; calls in, bytes out.
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
    from xnet_channel.threads.errors import RemoteError, TimeoutError
    from xnet_channel.threads.owner import SessionOwner
    from xnet_channel.threads.session import Session

_HOMES = {
    "Channel": "threads.channel",
    "ChannelFileRead": "threads.channel_files",
    "ChannelFileWrite": "threads.channel_files",
    "Connection": "core.connection",
    "LocalProtocolError": "core.errors",
    "PeerGoneAway": "core.errors",
    "ProtocolError": "core.errors",
    "RemoteError": "threads.errors",
    "RemoteProtocolError": "core.errors",
    "Session": "threads.session",
    "SessionOwner": "threads.owner",
    "TimeoutError": "threads.errors",
}

__all__ = [
    "Channel",
    "ChannelFileRead",
    "ChannelFileWrite",
    "Connection",
    "LocalProtocolError",
    "PeerGoneAway",
    "ProtocolError",
    "RemoteError",
    "RemoteProtocolError",
    "Session",
    "SessionOwner",
    "TimeoutError",
]


def __getattr__(name: str) -> object:
    """Import the module that defines ``name`` (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = __import__(f"{__name__}.{home}", fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the lazy names too."""
    return sorted({*globals(), *__all__})
