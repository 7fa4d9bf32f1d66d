"""``execnet.rsync``."""

from __future__ import annotations

from xnet_rsync.rsync import RSync

__all__ = ["RSync"]
