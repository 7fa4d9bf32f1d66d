"""``execnet.gateway_bootstrap``."""

from __future__ import annotations

from xnet_gateway.errors import HostNotFound

__all__ = ["HostNotFound"]
