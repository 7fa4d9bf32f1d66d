"""Which transports there are: ours, and those of other distributions.

A distribution adds one by an entry point in the group ``xnet.transports``: its name is the key of
specifications, its object a ``Transport`` or a function without parameters that returns one. It is
loaded when the first specification with that key is checked. A program may ``register`` one, too.
"""

from __future__ import annotations

from xnet_gateway.transports.base import Transport
from xnet_gateway.transports.commands import SHORT_FORMS, CommandTransport, PopenTransport, SrunTransport
from xnet_gateway.transports.network import ListenTransport, SocketTransport, UnixTransport
from xnet_gateway.transports.ssh import SshTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.xspec import XSpec

ENTRY_POINTS: Final = "xnet.transports"

_transports: Final[dict[str, Transport]] = {
    transport.key: transport
    for transport in (
        PopenTransport(),
        SshTransport("ssh"),
        SshTransport("vagrant_ssh"),
        SocketTransport(),
        UnixTransport(),
        ListenTransport(),
        CommandTransport(),
        SrunTransport(),
        *SHORT_FORMS,
    )
}
_foreign_keys: list[str] | None = None


def register(transport: Transport) -> None:
    """Add a transport, or put another in the place of the one with its key.

    Raises:
        TypeError: It is not a ``Transport`` (our caller's fault).
    """
    if not isinstance(transport, Transport):
        raise TypeError(f"a transport is an instance of a subclass of Transport, not {transport!r}")
    _transports[transport.key] = transport


def find_transport(spec: XSpec) -> Transport:
    """Return the transport that a specification names.

    Raises:
        ValueError: It names none, or more than one; or loading the one it names failed.
    """
    # By truth and not by presence: ``popen=`` does not name a transport in execnet either.
    keys = [key for key in _transports if getattr(spec, key)]
    # Looking for entry points takes milliseconds: only where nothing of ours is meant.
    if not keys:
        keys = [key for key in _keys_of_others() if getattr(spec, key)]
    if not keys:
        raise ValueError(
            f"no gateway type found for {str(spec)!r}: expected one of the keys {', '.join(_transports)}"
        )
    if len(keys) > 1:
        raise ValueError(
            f"the gateway specification {str(spec)!r} has more than one transport: {' and '.join(keys)};"
            " expected one"
        )
    return _transports.get(keys[0]) or _load(keys[0])


def _keys_of_others() -> list[str]:
    global _foreign_keys
    if _foreign_keys is None:
        from importlib.metadata import entry_points

        _foreign_keys = [point.name for point in entry_points(group=ENTRY_POINTS)]
    return _foreign_keys


def _load(key: str) -> Transport:
    from importlib.metadata import entry_points

    (point, *_) = entry_points(group=ENTRY_POINTS, name=key)
    try:
        found = point.load()
        transport = found if isinstance(found, Transport) else found()
        if not isinstance(transport, Transport) or transport.key != key:
            raise TypeError(f"expected a Transport with the key {key!r}, got {transport!r}")
    except Exception as error:
        raise ValueError(f"the transport {key!r} ({point.value}) cannot be loaded: {error!r}") from error
    register(transport)
    return transport
