"""Ending what a program left running when its interpreter ends.

One handler for all groups. It knows a group only while the group has gateways, so that groups that were
terminated can be collected.
"""

from __future__ import annotations

import atexit
import os

from xnet_channel.threads import at_exit as _  # noqa: F401 - its exit handler must run after the one here
from xnet_gateway import output_relay  # noqa: F401 - so has its one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Protocol

    class Terminable(Protocol):
        """A group, as far as it is known here."""

        def terminate(self, timeout: float | None) -> object:
            """End it."""


#: How long gateways get to end by themselves at interpreter exit, in seconds. Small, so that a script that
#: failed is back at the prompt; a program whose workers need longer calls ``terminate()`` itself.
TIMEOUT_S: Final = 1.0

_groups_with_gateways: set[Terminable] = set()


def remember(group: Terminable) -> None:
    """End this group's gateways at interpreter exit."""
    _groups_with_gateways.add(group)


def forget(group: Terminable) -> None:
    """The group has no gateways any more."""
    _groups_with_gateways.discard(group)


def terminate_groups() -> None:
    """End all gateways of all groups; print nothing and start no thread, whatever happens."""
    for group in list(_groups_with_gateways):
        _terminate_quietly(group)
    _groups_with_gateways.clear()


def _terminate_quietly(group: Terminable) -> None:
    try:
        group.terminate(TIMEOUT_S)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001
        # The interpreter is ending and nothing can be done about it. Workers end by themselves when we are
        # gone.
        pass


atexit.register(terminate_groups)
if hasattr(os, "register_at_fork"):
    # A forked child inherits the groups, but their gateways are its parent's.
    os.register_at_fork(after_in_child=_groups_with_gateways.clear)
