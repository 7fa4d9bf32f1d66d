"""Objects that are sent as a value although their type is not one of the exact ones.

Encoders come here with what they would refuse otherwise, so nothing that is plain pays for it. Two
kinds are taken, because nothing is lost that the program could miss: an instance of a subclass that
is *named* like its base (execnet goes by the name of a type, and takes these), and the scalars of
numpy. Both are recognised by names, so numpy is never imported. All other subclasses stay refused:
what makes them one would be lost on the way, in silence.

Content is read with the methods of the built-in type, not with what a subclass has put in their place.

Spec: VA-011, VA-012.
"""

from __future__ import annotations

from operator import index

from xnet_wire.item_path import short_repr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

#: Stands for "this object has no value".
NO_VALUE: Final = object()

_WHOLE: Final = slice(None)

#: How to read the content of each built-in type off an instance of a subclass.
_CONTENT: Final[dict[type, Callable[[Any], object]]] = {
    int: int.__pos__,
    float: float.__pos__,
    complex: complex.__pos__,
    str: lambda item: str.__getitem__(item, _WHOLE),
    bytes: lambda item: bytes.__getitem__(item, _WHOLE),
    bytearray: lambda item: bytearray.__getitem__(item, _WHOLE),
    list: lambda item: list.__getitem__(item, _WHOLE),
    tuple: lambda item: tuple.__getitem__(item, _WHOLE),
    dict: lambda item: dict(dict.items(item)),
    set: lambda item: set(set.__iter__(item)),
    frozenset: lambda item: frozenset(frozenset.__iter__(item)),
}

#: numpy's families of scalars, and what makes a value of one. ``bool_`` is the name before numpy 2.
_NUMPY_FAMILIES: Final[dict[str, Callable[[Any], object]]] = {
    "bool": bool,
    "bool_": bool,
    "integer": index,
    "floating": float,
    "complexfloating": complex,
    "str_": _CONTENT[str],
    "bytes_": _CONTENT[bytes],
}
#: Members of these families that no value of Python's keeps exactly, by all their names.
_NUMPY_ONLY: Final = frozenset(
    {"timedelta64", "longdouble", "float96", "float128", "clongdouble", "complex192", "complex256"}
)


def as_value(item: object, accepted: frozenset[type]) -> Any:
    """Return the value that an object stands for, or ``NO_VALUE``.

    Args:
        item: Its type is not among the accepted ones.
        accepted: The exact types that the encoder takes.
    """
    kind = type(item)
    name = kind.__name__
    if _module(kind) == "numpy":
        if name not in _NUMPY_ONLY:
            for base in kind.__mro__:
                make = _NUMPY_FAMILIES.get(base.__name__)
                if make is not None and _module(base) == "numpy":
                    return make(item)
        return NO_VALUE
    for base in kind.__mro__[1:]:
        if base in accepted and base.__name__ == name:
            return _CONTENT[base](item)
    if name == "bool":  # it has no subclasses: this is another type of that name, which has a truth value
        return bool(item)
    return NO_VALUE


def _module(kind: type) -> object:
    """Return where a type was made; one made by ``exec`` may have been made nowhere."""
    return getattr(kind, "__module__", None)


_PLAIN: Final = frozenset({type(None), bool, int, float, complex, str, bytes})


def find_clash(container: object, accepted: frozenset[type]) -> str | None:
    """Say what keeps the keys of a dict, or the elements of a set, from being so as values.

    They are different, and can be hashed, as the objects they are; as the values they stand for
    they need not be.

    Args:
        container: A dict, a set or a frozenset.
        accepted: The exact types that the encoder takes.

    Returns:
        The problem as it is put behind "can't serialize", or None.
    """
    members: Iterable[object] = container  # type: ignore[assignment]
    if _PLAIN.issuperset(map(type, members)):
        return None
    what = "keys" if isinstance(container, dict) else "elements"
    seen: set[Any] = set()
    for member in list(members):
        value = _as_hashed(member, accepted)
        try:
            known = value in seen
        except TypeError:
            return f"a {type(container).__name__} with {short_repr(value)} among its {what}"
        if known:
            return f"a {type(container).__name__} in which two {what} become equal, both {short_repr(value)}"
        seen.add(value)
    return None


def _as_hashed(member: object, accepted: frozenset[type]) -> Any:
    """Return a key or element as the value it stands for, or as it is if it stands for none."""
    kind = type(member)
    if kind not in accepted:
        value = as_value(member, accepted)
        if value is NO_VALUE:
            return member
        member, kind = value, type(value)
    if kind is tuple or kind is frozenset:
        return kind([_as_hashed(inner, accepted) for inner in member])  # type: ignore[attr-defined]
    return member
