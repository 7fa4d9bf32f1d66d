"""xnet-rsync: one tree to many targets at once.

* ``RSync`` copies a directory to directories on any number of gateways.
* ``SyncResult`` and ``TargetResult`` say how it went, ``Plan`` and ``PlannedAction`` what would be done.
* ``SyncError`` is raised if something could not be done.

The names below are loaded on first use, so that importing one module does not import all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_rsync.errors import SyncError
    from xnet_rsync.result import Plan, PlannedAction, SyncResult, TargetResult
    from xnet_rsync.rsync import RSync

_HOMES = {
    "Plan": "xnet_rsync.result",
    "PlannedAction": "xnet_rsync.result",
    "RSync": "xnet_rsync.rsync",
    "SyncError": "xnet_rsync.errors",
    "SyncResult": "xnet_rsync.result",
    "TargetResult": "xnet_rsync.result",
}

__all__ = ["Plan", "PlannedAction", "RSync", "SyncError", "SyncResult", "TargetResult"]


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    from xnet_wire.lazy import load_name

    return load_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    """List the lazy names too."""
    from xnet_wire.lazy import list_names

    return list_names(globals(), __all__)
