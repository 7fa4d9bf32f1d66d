"""``execnet.xspec``."""

from __future__ import annotations

from xnet_gateway.xspec import XSpec

__all__ = ["XSpec"]
