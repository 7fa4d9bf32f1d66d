"""``execnet.gateway``."""

from __future__ import annotations

from xnet.compat.absent import absent_function
from xnet.compat.message import Message
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway
from xnet_gateway.status import RemoteStatus, RInfo
from xnet_gateway.xspec import XSpec
from xnet_group.group import Group

__all__ = ["Channel", "Gateway", "Group", "Message", "RInfo", "RemoteStatus", "XSpec", "rinfo_source"]

_INSTEAD = "give the function to Gateway.remote_exec(), which checks and sends it"
_find_non_builtin_globals = absent_function("execnet.gateway._find_non_builtin_globals", _INSTEAD)
_source_of_function = absent_function("execnet.gateway._source_of_function", _INSTEAD)


def rinfo_source(channel: Channel) -> None:
    """Send facts about the interpreter, when executed in it; ``Gateway._rinfo()`` does without executing."""
    import os
    import sys

    facts = {
        "executable": sys.executable,
        "version_info": tuple(sys.version_info),
        "platform": sys.platform,
        "cwd": os.getcwd(),
        "pid": os.getpid(),
    }
    channel.send(facts)
