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

_HOMES = {
    "Group": "xnet_group.group",
    "MultiChannel": "xnet_group.multichannel",
    "default_group": "xnet_group.default",
}

__all__ = ["Group", "MultiChannel", "default_group"]


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    from xnet_wire.lazy import load_name

    return load_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    """List the lazy names too."""
    from xnet_wire.lazy import list_names

    return list_names(globals(), __all__)
