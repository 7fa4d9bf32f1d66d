"""``execnet.gateway_io``: how command lines of gateways are built.

Programs replace these functions to change how ssh is called; the transports of a later version
look them up here each time. ``popen`` gateways need no such command line and do not look.
"""

from __future__ import annotations

import shlex
import sys

from xnet.compat.absent import absent_class, absent_function, missing
from xnet.compat.message import Message
from xnet.compat.popen_io import Popen2IO

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
popen_bootstrapline = "import sys;exec(sys.stdin.readline())"


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


def ssh_args(spec: XSpec) -> list[str]:
    """Return the command that reaches an interpreter through ssh.

    Raises:
        ValueError: The specification has no ``ssh=`` (our caller's fault).
    """
    host = _destination(spec, "ssh")
    command = ["ssh", "-C"]
    if spec.ssh_config is not None:
        command += ["-F", str(spec.ssh_config)]
    command += host.split()
    return [*command, _remote_command(spec)]


def vagrant_ssh_args(spec: XSpec) -> list[str]:
    """Return the command that reaches an interpreter in a vagrant machine.

    Raises:
        ValueError: The specification has no ``vagrant_ssh=`` (our caller's fault).
    """
    command = ["vagrant", "ssh", _destination(spec, "vagrant_ssh"), "--", "-C"]
    if spec.ssh_config is not None:
        command += ["-F", str(spec.ssh_config)]
    return [*command, _remote_command(spec)]


def _destination(spec: XSpec, key: str) -> str:
    """Return what the specification says to connect to."""
    value = getattr(spec, key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected {key}=HOST in the gateway specification {str(spec)!r}")
    return value


def _remote_command(spec: XSpec) -> str:
    python = str(spec.python or "python")
    return f"{python} -c {shlex.quote(popen_bootstrapline)}"


def __getattr__(name: str) -> object:
    """Say what to use instead of a name that is not here."""
    raise missing("execnet.gateway_io", name, _INSTEAD)
