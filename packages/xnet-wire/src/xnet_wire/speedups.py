"""Whether the compiled parts of xnet are used: the distribution ``xnet-speedups``, which is optional.

They do what pure Python does, only sooner: the same bytes, the same items, the same errors. The
environment variable ``XNET_PURE=1``, set before the first import, switches them off.

Attributes:
    module: The package ``xnet_speedups``, or None.
    COMPILED: Whether it is used.
    REASON: Why it is not, for people; empty if it is.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Final

#: Says in the environment that only pure Python is to run.
VARIABLE: Final = "XNET_PURE"


def find() -> tuple[ModuleType | None, str]:
    """Return the package, or None and why it is not used."""
    if os.environ.get(VARIABLE, "0") not in ("", "0"):
        return None, f"{VARIABLE} is set"
    try:
        import xnet_speedups
    except ImportError as error:  # not installed, or made for another Python
        return None, f"xnet-speedups cannot be imported: {error}"
    return xnet_speedups, ""


module, REASON = find()
COMPILED: Final = module is not None
