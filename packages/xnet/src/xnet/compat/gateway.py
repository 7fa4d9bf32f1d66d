"""``execnet.gateway``."""

from __future__ import annotations

from xnet_gateway.gateway import Gateway
from xnet_gateway.status import RemoteStatus, RInfo

__all__ = ["Gateway", "RInfo", "RemoteStatus"]
