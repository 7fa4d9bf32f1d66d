"""``execnet.multi``."""

from __future__ import annotations

from xnet_group.default import default_group, makegateway, set_execmodel
from xnet_group.group import Group
from xnet_group.multichannel import MultiChannel

__all__ = ["Group", "MultiChannel", "default_group", "makegateway", "set_execmodel"]
