"""Stand-ins for names of execnet that mean nothing here: they can be imported, and say what to use when used.

A program that imports such a name and does not get as far as using it runs. Values have no stand-in; asking
for one is an AttributeError with the same sentence.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn


def absent_function(name: str, instead: str) -> Callable[..., Any]:
    """Return a function that refuses to be called.

    Args:
        name: Its full name in execnet.
        instead: What to use, the rest of a sentence.
    """

    def refuse(*arguments: object, **keywords: object) -> NoReturn:
        raise NotImplementedError(_sentence(name, instead))

    refuse.__name__ = refuse.__qualname__ = name.rpartition(".")[2]
    refuse.__doc__ = _sentence(name, instead)
    return refuse


def absent_class(name: str, instead: str) -> type[Any]:
    """Return a class of which no object can be made; none is an instance of it, so that can be asked.

    Args:
        name: Its full name in execnet.
        instead: What to use, the rest of a sentence.
    """

    def refuse(cls: type[Any], *arguments: object, **keywords: object) -> NoReturn:
        raise NotImplementedError(_sentence(name, instead))

    return type(name.rpartition(".")[2], (), {"__new__": refuse, "__doc__": _sentence(name, instead)})


def missing(module: str, name: str, instead: Mapping[str, str]) -> AttributeError:
    """Return the error for a name that a module does not have.

    Args:
        module: The module's name in execnet.
        name: What was asked for.
        instead: What to use in place of the names of execnet that are known and not here.
    """
    text = instead.get(name)
    if text is None:
        return AttributeError(f"module {module!r}, for which xnet stands, has no attribute {name!r}")
    return AttributeError(_sentence(f"{module}.{name}", text))


def _sentence(name: str, instead: str) -> str:
    return f"{name} is not part of xnet: {instead}"
