"""``execnet.multi``."""

from __future__ import annotations

from xnet.compat.gateway_base import NO_ENDMARKER_WANTED, Channel, ExecModel, WorkerPool, get_execmodel, trace
from xnet.compat.safe_termination import safe_terminate
from xnet_gateway.xspec import XSpec
from xnet_group.default import default_group, makegateway, set_execmodel
from xnet_group.group import Group
from xnet_group.multichannel import MultiChannel

#: What execnet registers to be called at the end of the interpreter; here it is done for all groups at once.
Group._cleanup_atexit = lambda self: self.terminate(timeout=1.0)  # type: ignore[attr-defined]

__all__ = [
    "Channel",
    "ExecModel",
    "Group",
    "MultiChannel",
    "NO_ENDMARKER_WANTED",
    "WorkerPool",
    "XSpec",
    "default_group",
    "get_execmodel",
    "makegateway",
    "safe_terminate",
    "set_execmodel",
    "trace",
]
