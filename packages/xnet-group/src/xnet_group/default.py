"""The group that ``makegateway()`` without a group uses."""

from __future__ import annotations

from xnet_group.group import Group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

default_group: Final = Group()
makegateway = default_group.makegateway
set_execmodel = default_group.set_execmodel
