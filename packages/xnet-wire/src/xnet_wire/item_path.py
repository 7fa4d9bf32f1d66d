"""The path to a culprit inside an item, and representations that are fit for a message."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    #: One step into a container: one of the forms below, and the index, key or element.
    Step = tuple[str, object]

ITEM: Final = "[{}]"
VALUE: Final = "[{}]"
KEY: Final = ".<key {}>"
ELEMENT: Final = ".<element {}>"
#: The step of the item itself, which has no container.
WHOLE: Final[Step] = ("", None)

#: Steps that are shown. More would not help.
_STEPS: Final = 20
_CHARACTERS: Final = 40
_PLAIN: Final = frozenset({type(None), bool, int, float, complex})


def short_repr(value: Any) -> str:
    """Return a representation that is fit for a message: bounded, and never slow.

    An item may hold a secret or a gigabyte, so strings are cut, and containers and large numbers
    are only named.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        if len(value) <= _CHARACTERS:
            return repr(value)
        return f"{value[:_CHARACTERS]!r}..."
    if kind is int and value.bit_length() > 128:
        return f"<int of {value.bit_length()} bits>"
    if kind in _PLAIN:
        return repr(value)
    return f"<{kind.__name__}>"


def at_path(steps: Sequence[Step]) -> str:
    """Return `` at [1]['report'][3]``, or nothing for the item itself; a long path is cut."""
    path = "".join(form.format(short_repr(value)) for form, value in steps[:_STEPS] if form)
    if len(steps) > _STEPS:
        path += "..."
    return f" at {path}" if path else ""


def describe_type(kind: type) -> str:
    """Return the name by which a person finds a type."""
    module = getattr(kind, "__module__", None)  # one made by ``exec`` may have none
    if module in ("builtins", None):
        return kind.__qualname__
    return f"{module}.{kind.__qualname__}"


def describe_refused(kind: type, accepted: frozenset[type]) -> str:
    """Say what is wrong with an object of a type that is not among the accepted ones."""
    name = describe_type(kind)
    for base in kind.__mro__[1:-1]:
        if base in accepted:
            only = base.__name__
            return f"an object of type {name} (a subclass of {only}; only {only} itself is taken)"
    return f"an object of type {name}"
