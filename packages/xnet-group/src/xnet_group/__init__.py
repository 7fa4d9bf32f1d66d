"""xnet-group: many gateways at once.

* ``Group`` starts gateways side by side, finds them by id, runs code in all of them, ends them.
* ``MultiChannel`` is what running code in all of them returns.
* ``default_group`` is the group of programs that need only one.

The names below are loaded on first use, so that importing one module does not import all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_group.default import default_group
    from xnet_group.group import Group
    from xnet_group.multichannel import MultiChannel

_HOMES = {"Group": "group", "MultiChannel": "multichannel", "default_group": "default"}

__all__ = ["Group", "MultiChannel", "default_group"]


def __getattr__(name: str) -> object:
    """Import the module that defines ``name`` (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = __import__(f"{__name__}.{home}", fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the lazy names too."""
    return sorted({*globals(), *__all__})
