"""Public names of a package that are loaded on first use (PEP 562).

Importing one module of a package must not import all of them: a worker needs few, and quickly. So
a package says in a table where its names are, and its ``__getattr__`` and ``__dir__`` ask here.
Module functions, not objects made here: a type checker has to see them in the package.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def load_name(package: dict[str, object], homes: Mapping[str, str], name: str) -> object:
    """Import the module that defines a name, and keep the value: the next access costs nothing.

    Args:
        package: ``globals()`` of the package.
        homes: Full name of the module that defines each name.
        name: What was asked for.

    Raises:
        AttributeError: Our caller asked for a name that the package does not have. Python does so
            itself, for ``from package import module``, and then imports the module.

    Threads: any.
    """
    home = homes.get(name)
    if home is None:
        raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
    value: object = getattr(__import__(home, fromlist=[name]), name)
    package[name] = value
    return value


def list_names(package: Mapping[str, object], public: Iterable[str]) -> list[str]:
    """Return what ``dir()`` shows: including the public names that have not been used yet.

    Args:
        package: ``globals()`` of the package.
        public: Its ``__all__``.
    """
    return sorted({*package, *public})
