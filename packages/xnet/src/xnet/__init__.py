"""xnet under execnet's names: ``import xnet as execnet`` runs programs written for execnet 2.

``import xnet`` loads what starts a gateway. The rest is loaded while the first worker starts on
another processor, or when it is first used.
"""

from __future__ import annotations

import sys

if "xnet_gateway.worker.main" not in sys.modules:  # else this is a worker: it need not start others
    __import__("xnet_group.default")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.errors import NeverBegunError, RemoteError, TimeoutError
    from xnet_gateway.errors import HostNotFound
    from xnet_gateway.gateway import Gateway
    from xnet_gateway.source import Source
    from xnet_gateway.xspec import XSpec
    from xnet_group.default import default_group, makegateway, set_execmodel
    from xnet_group.group import Group
    from xnet_group.multichannel import MultiChannel
    from xnet_rsync.rsync import RSync
    from xnet_wire.dump_format import dump, dumps, load, loads
    from xnet_wire.errors import DataFormatError, DumpError, LoadError
    from xnet_wire.limits import Limits
    from xnet_wire.version import __version__

_HOMES = {
    "__version__": "xnet_wire.version",
    "Channel": "xnet_channel.threads.channel",
    "DataFormatError": "xnet_wire.errors",
    "DumpError": "xnet_wire.errors",
    "Gateway": "xnet_gateway.gateway",
    "Group": "xnet_group.group",
    "HostNotFound": "xnet_gateway.errors",
    "Limits": "xnet_wire.limits",
    "LoadError": "xnet_wire.errors",
    "MultiChannel": "xnet_group.multichannel",
    "NeverBegunError": "xnet_channel.threads.errors",
    "RSync": "xnet_rsync.rsync",
    "RemoteError": "xnet_channel.threads.errors",
    "Source": "xnet_gateway.source",
    "TimeoutError": "xnet_channel.threads.errors",
    "XSpec": "xnet_gateway.xspec",
    "default_group": "xnet_group.default",
    "dump": "xnet_wire.dump_format",
    "dumps": "xnet_wire.dump_format",
    "load": "xnet_wire.dump_format",
    "loads": "xnet_wire.dump_format",
    "makegateway": "xnet_group.default",
    "set_execmodel": "xnet_group.default",
}

#: Submodules of execnet, which programs reach as attributes too (``execnet.gateway_base.dumps``).
_SUBMODULES = (
    "gateway",
    "gateway_base",
    "gateway_bootstrap",
    "gateway_io",
    "gateway_socket",
    "multi",
    "rsync",
    "rsync_remote",
    "xspec",
)

__all__ = [
    "Channel",
    "DataFormatError",
    "DumpError",
    "Gateway",
    "Group",
    "HostNotFound",
    "Limits",
    "LoadError",
    "MultiChannel",
    "NeverBegunError",
    "RSync",
    "RemoteError",
    "Source",
    "TimeoutError",
    "XSpec",
    "__version__",
    "default_group",
    "dump",
    "dumps",
    "install_as_execnet",
    "load",
    "loads",
    "makegateway",
    "set_execmodel",
]


def install_as_execnet() -> None:
    """Make ``import execnet`` give this package, here and in every worker started from here.

    It holds until the process ends. Calling it again does nothing.

    Raises:
        RuntimeError: The real execnet was imported already; call this earlier.
    """
    from xnet import alias

    alias.install()


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    if name in _SUBMODULES:
        return __import__(f"xnet.compat.{name}", fromlist=[name])
    from xnet_wire.lazy import load_name

    return load_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    """List the lazy names too."""
    from xnet_wire.lazy import list_names

    return list_names(globals(), __all__)
