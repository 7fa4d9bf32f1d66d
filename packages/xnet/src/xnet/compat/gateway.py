"""``execnet.gateway``."""

from __future__ import annotations

import builtins
import inspect
import textwrap

from xnet.compat.message import Message
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway
from xnet_gateway.remote_source import GIVEN_GLOBALS, globals_used, make_request
from xnet_gateway.status import RemoteStatus, RInfo
from xnet_gateway.xspec import XSpec
from xnet_group.group import Group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

__all__ = ["Channel", "Gateway", "Group", "Message", "RInfo", "RemoteStatus", "XSpec", "rinfo_source"]


def _source_of_function(function: Callable[..., object]) -> str:
    """Return the source of a function that can be sent, without what all its lines are indented by.

    Raises:
        ValueError, OSError, TypeError: As ``Gateway.remote_exec``.
    """
    make_request(function, {})
    return textwrap.dedent(inspect.getsource(function.__code__))


def _find_non_builtin_globals(source: str, codeobj: CodeType) -> list[str]:
    """Return the global names that the source of a function uses, except builtins, sorted.

    Raises:
        SyntaxError: It is not Python.
    """
    used = globals_used(source, codeobj.co_filename).wanted
    return sorted(used - GIVEN_GLOBALS - {codeobj.co_name} - vars(builtins).keys())


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
