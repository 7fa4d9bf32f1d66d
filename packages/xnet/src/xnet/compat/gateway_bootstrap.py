"""``execnet.gateway_bootstrap``."""

from __future__ import annotations

from xnet.compat.absent import absent_function, missing
from xnet_gateway.errors import HostNotFound
from xnet_gateway.xspec import XSpec

__all__ = [
    "HostNotFound",
    "XSpec",
    "bootstrap",
    "bootstrap_exec",
    "bootstrap_import",
    "bootstrap_socket",
    "sendexec",
]

_MAKE = "Group.makegateway() starts an interpreter and its worker"
bootstrap = absent_function("execnet.gateway_bootstrap.bootstrap", _MAKE)
bootstrap_exec = absent_function("execnet.gateway_bootstrap.bootstrap_exec", _MAKE)
bootstrap_import = absent_function("execnet.gateway_bootstrap.bootstrap_import", _MAKE)
bootstrap_socket = absent_function("execnet.gateway_bootstrap.bootstrap_socket", _MAKE)
sendexec = absent_function("execnet.gateway_bootstrap.sendexec", _MAKE)

_INSTEAD = {"importdir": "workers find its packages without help"}


def __getattr__(name: str) -> object:
    """Say what to use instead of a name that is not here."""
    raise missing("execnet.gateway_bootstrap", name, _INSTEAD)
