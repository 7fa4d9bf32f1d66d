"""xnet-gateway: one interpreter somewhere, code run in it, and its end.

* ``XSpec`` says where and how: ``popen//chdir=/tmp//env:A=b``.
* ``begin(spec).finish()`` starts it and returns the ``Gateway``; two steps, so that many start side by side.
* ``Gateway.remote_exec`` runs code in it and returns a channel; ``exit`` and ``join`` end it.

The names below are loaded on first use, so that the worker does not import what the initiator needs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.errors import HostNotFound
    from xnet_gateway.gateway import Gateway
    from xnet_gateway.source import Source
    from xnet_gateway.starting import PendingGateway, begin
    from xnet_gateway.xspec import XSpec

_HOMES = {
    "Gateway": "xnet_gateway.gateway",
    "HostNotFound": "xnet_gateway.errors",
    "PendingGateway": "xnet_gateway.starting",
    "Source": "xnet_gateway.source",
    "XSpec": "xnet_gateway.xspec",
    "begin": "xnet_gateway.starting",
}

__all__ = ["Gateway", "HostNotFound", "PendingGateway", "Source", "XSpec", "begin"]


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    from xnet_wire.lazy import load_name

    return load_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    """List the lazy names too."""
    from xnet_wire.lazy import list_names

    return list_names(globals(), __all__)
