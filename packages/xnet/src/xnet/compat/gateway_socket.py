"""``execnet.gateway_socket``: socket gateways come in a later version."""

from __future__ import annotations

from xnet_gateway.errors import HostNotFound

__all__ = ["HostNotFound"]
