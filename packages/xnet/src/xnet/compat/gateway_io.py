"""``execnet.gateway_io``: how command lines of gateways are built.

Programs replace ``ssh_args`` and ``vagrant_ssh_args`` to change how ssh is called, so assigning to
these two changes it. ``popen_args`` is only to be called: what it returns is not looked at.
"""

from __future__ import annotations

import shlex
import sys
from types import ModuleType

from xnet.compat.absent import absent_class, absent_function, missing
from xnet.compat.message import Message
from xnet.compat.popen_io import Popen2IO
from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.transports.ssh import argument_makers, ssh_args, vagrant_ssh_args

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.xspec import XSpec

__all__ = [
    "Message",
    "Popen2IO",
    "Popen2IOMaster",
    "ProxyIO",
    "PseudoSpec",
    "create_io",
    "popen_args",
    "popen_bootstrapline",
    "serve_proxy_io",
    "shell_split_path",
    "ssh_args",
    "vagrant_ssh_args",
]

Popen2IOMaster = absent_class(
    "execnet.gateway_io.Popen2IOMaster", "Gateway.pid, .returncode and .wait() are those of its process"
)
ProxyIO = absent_class("execnet.gateway_io.ProxyIO", "makegateway('popen//via=ID') makes such a gateway")
PseudoSpec = absent_class("execnet.gateway_io.PseudoSpec", "XSpec takes any key")
create_io = absent_function("execnet.gateway_io.create_io", "Group.makegateway() takes the specification")
serve_proxy_io = absent_function(
    "execnet.gateway_io.serve_proxy_io", "makegateway('popen//via=ID') makes such a gateway"
)
_INSTEAD = dict.fromkeys(
    ("RIO_CLOSE_WRITE", "RIO_KILL", "RIO_REMOTEADDRESS", "RIO_WAIT"),
    "Gateway.remoteaddress and .wait() work through other gateways too",
)

#: What a remote interpreter runs first: one line that reads the rest.
popen_bootstrapline = FIRST_LINE


def shell_split_path(path: str) -> list[str]:
    """Split a command as a shell would; on Windows backslashes are part of paths."""
    if sys.platform.startswith("win"):
        path = path.replace("\\", "/")
    return shlex.split(path)


def popen_args(spec: XSpec) -> list[str]:
    """Return the command of a local interpreter."""
    command = shell_split_path(str(spec.python)) if spec.python else [sys.executable]
    command.append("-u")
    if spec.dont_write_bytecode:
        command.append("-B")
    return [*command, "-c", popen_bootstrapline]


def __getattr__(name: str) -> object:
    """Say what to use instead of a name that is not here."""
    raise missing("execnet.gateway_io", name, _INSTEAD)


class _Patchable(ModuleType):
    """This module; what is assigned to a function that makes a command line takes effect."""

    def __setattr__(self, name: str, value: object) -> None:
        key = {"ssh_args": "ssh", "vagrant_ssh_args": "vagrant_ssh"}.get(name)
        if key is not None and callable(value):
            argument_makers[key] = value
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Patchable
