"""``execnet`` itself, under the alias: xnet's names, and the version of execnet they are compatible with."""

from __future__ import annotations

import xnet
from xnet.compat import _version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__version__ = _version.version
#: What the import system wants of something that has submodules; the alias finds them.
__path__: list[str] = []
#: Public names of xnet that execnet does not have.
_OWN: Final = frozenset({"Limits", "NeverBegunError", "Source", "install_as_execnet"})
__all__ = [name for name in xnet.__all__ if name not in _OWN]


def __getattr__(name: str) -> object:
    """Give xnet's names, and execnet's submodules without an import of each."""
    if name.startswith("__"):  # what the import system and tools ask of a module is not another module's
        raise AttributeError(f"module 'execnet', for which xnet stands, has no attribute {name!r}")
    value: object = getattr(xnet, name)
    return value


def __dir__() -> list[str]:
    """List the lazy names too."""
    return sorted({*globals(), *__all__})
