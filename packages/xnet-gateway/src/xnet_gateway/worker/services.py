"""What a worker brings along and runs when it is asked for it by name. Spec: GW-060 to GW-062.

A service is the function ``serve`` of a module, which gets the channel. It may be in another distribution,
and is loaded when it is asked for.
"""

from __future__ import annotations

import sys

from xnet_channel.platform.own_imports import OWN_IMPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.threads.channel import Channel

#: Where each service is.
MODULES: Final = {"relay": "xnet_gateway.bare.relay_program", "rsync": "xnet_rsync.receiver.start"}


def available() -> list[str]:
    """Return the services that there are here, without loading them."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    return [
        name
        for name, module in MODULES.items()
        if any(finder.find_spec(module.partition(".")[0], None) for finder in finders)
    ]


def maybe_service(name: str) -> Callable[[Channel], object] | None:
    """Return a service, or None if the name is unknown.

    Raises:
        ImportError: It cannot be loaded.
    """
    module = MODULES.get(name)
    return None if module is None else OWN_IMPORTS.module(module).serve
