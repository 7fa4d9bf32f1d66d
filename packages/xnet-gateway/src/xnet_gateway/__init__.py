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
    from xnet_gateway.starting import PendingGateway, begin
    from xnet_gateway.xspec import XSpec

_HOMES = {
    "Gateway": "gateway",
    "HostNotFound": "errors",
    "PendingGateway": "starting",
    "XSpec": "xspec",
    "begin": "starting",
}

__all__ = ["Gateway", "HostNotFound", "PendingGateway", "XSpec", "begin"]


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
