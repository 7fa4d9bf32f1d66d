"""The exact encoder: every rule of the value format, one item at a time, with the path kept.

``values.encode`` uses the compiled engine for what it can prove to be plain and comes here for
the rest: deep nesting, and everything that is to be refused. What is accepted by both gives the
same bytes (a test compares them). Iterative, so that nesting costs no Python stack.

Spec: VA-001 to VA-014 (encoding), VA-023 (depth).
"""

from __future__ import annotations

from _struct import Struct

from xnet_wire.errors import DumpError
from xnet_wire.item_path import ELEMENT, ITEM, KEY, VALUE, WHOLE, at_path, describe_refused
from xnet_wire.value_conversion import NO_VALUE, as_value, find_clash
from xnet_wire.value_types import (
    CHANNEL_TAG,
    COMPLEX_TAG,
    CONTAINERS,
    FROZENSET_TAG,
    NEGATIVE_BIGNUM_TAG,
    POSITIVE_BIGNUM_TAG,
    SENDABLE_SCALARS,
    SET_TAG,
    SURROGATES_TAG,
    TUPLE_TAG,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final

    from xnet_wire.item_path import Step

    #: An open container: its remaining members, its step in its parent, the depth of its
    #: members, and itself to recognise a cycle.
    Open = tuple[Iterator[tuple[Step, object]], Step, int, object]

UNSIGNED: Final = 0
NEGATIVE: Final = 1
BYTES: Final = 2
TEXT: Final = 3
ARRAY: Final = 4
MAP: Final = 5
TAG: Final = 6

_U8 = Struct(">BB").pack
_U16 = Struct(">BH").pack
_U32 = Struct(">BI").pack
_U64 = Struct(">BQ").pack
_F64 = Struct(">Bd").pack

#: NaN and the infinities travel as half floats: three bytes say all there is to say.
_NAN: Final = b"\xf9\x7e\x00"
_INFINITY: Final = b"\xf9\x7c\x00"
_MINUS_INFINITY: Final = b"\xf9\xfc\x00"


def head(major: int, argument: int) -> bytes:
    """Return the head of a data item in its shortest form.

    Args:
        major: Major type, 0 to 7.
        argument: 0 to 2**64 - 1.
    """
    initial = major << 5
    if argument < 24:
        return bytes((initial | argument,))
    if argument < 0x100:
        return _U8(initial | 24, argument)
    if argument < 0x10000:
        return _U16(initial | 25, argument)
    if argument < 0x100000000:
        return _U32(initial | 26, argument)
    return _U64(initial | 27, argument)


#: Each container type: what precedes the array or map head, and levels around its members.
_OPENERS: Final[dict[type, tuple[bytes, int, int]]] = {
    list: (b"", ARRAY, 1),
    dict: (b"", MAP, 1),
    tuple: (head(TAG, TUPLE_TAG), ARRAY, 2),
    set: (head(TAG, SET_TAG), ARRAY, 2),
    frozenset: (head(TAG, FROZENSET_TAG), ARRAY, 2),
}
_ACCEPTED: Final = CONTAINERS | SENDABLE_SCALARS
#: Containers that hash what is in them.
_HASHING: Final = frozenset({dict, set, frozenset})
#: Steps to what is hashed, and so is compared with its neighbours.
_HASHED: Final = frozenset({KEY, ELEMENT})
_CHANNEL_HEAD: Final = head(TAG, CHANNEL_TAG)
_SURROGATES_HEAD: Final = head(TAG, SURROGATES_TAG)
_COMPLEX_HEAD: Final = head(TAG, COMPLEX_TAG) + head(ARRAY, 2)


def encode_exact(
    item: object,
    channel_type: type | None,
    channel_id: Callable[[object], int | None] | None,
    max_depth: int,
    surrogates: bool = False,
) -> bytes:
    """Encode one item, or say exactly why not.

    Args:
        item: What to send.
        channel_type: Type of the objects that are sent as channel references.
        channel_id: Gives the id of such an object, or None when it belongs elsewhere.
        max_depth: Deepest nesting the receiver takes.
        surrogates: Whether the receiver takes texts with surrogates.

    Returns:
        The CBOR of the item.

    Raises:
        DumpError: The item holds something that cannot be sent; names it and the path to it.
    """
    out = bytearray()
    stack: list[Open] = []
    step = WHOLE
    depth = 0
    while True:
        kind = type(item)
        original = item
        if kind not in _ACCEPTED and not (channel_type is not None and issubclass(kind, channel_type)):
            value = as_value(item, _ACCEPTED)
            if value is not NO_VALUE:
                item = value
                kind = type(value)
        opener = _OPENERS.get(kind)
        if opener is not None:
            prefix, major, levels = opener
            clash = find_clash(item, _ACCEPTED) if kind in _HASHING else None
            if clash is not None:
                raise DumpError(f"can't serialize {clash}{at_path([*(entry[1] for entry in stack), step])}.")
            members = list(_members(item))
            count = len(members) // 2 if kind is dict else len(members)
            # Spec: VA-023: an array, map or tag counts even if it is empty.
            if depth + levels > max_depth:
                raise _too_deep(original, [*(entry[1] for entry in stack), step], stack, max_depth)
            out += prefix
            out += head(major, count)
            stack.append((iter(members), step, depth + levels, original))
        else:
            levels_left = max_depth - depth
            problem = _write_leaf(out, item, kind, channel_type, channel_id, levels_left, surrogates)
            steps = [*(entry[1] for entry in stack), step] if kind is memoryview else []
            if any(form in _HASHED for form, _ in steps):
                # Views of other formats are other keys here, and may be the same bytes there.
                problem = "a memoryview in a key or an element (make it bytes)"
            if problem is not None:
                raise DumpError(
                    f"can't serialize {problem}{at_path([*(entry[1] for entry in stack), step])}."
                )
        while stack:
            entry = next(stack[-1][0], None)
            if entry is not None:
                step, item = entry
                depth = stack[-1][2]
                break
            stack.pop()
        else:
            return bytes(out)


def _members(container: Any) -> Iterator[tuple[Step, object]]:
    """Yield what is in a container, each with its step of the path."""
    if isinstance(container, dict):
        for key, value in container.items():
            yield (KEY, key), key
            yield (VALUE, key), value
    elif isinstance(container, (list, tuple)):
        for index, member in enumerate(container):
            yield (ITEM, index), member
    else:  # a set or a frozenset
        for member in container:
            yield (ELEMENT, member), member


def _write_leaf(
    out: bytearray,
    item: object,
    kind: type,
    channel_type: type | None,
    channel_id: Callable[[object], int | None] | None,
    levels_left: int,
    surrogates: bool,
) -> str | None:
    """Append an item that holds no other, or return what is wrong with it."""
    if item is None:
        out += b"\xf6"
    elif kind is bool:
        out += b"\xf5" if item else b"\xf4"
    elif kind is int:
        return _write_int(out, item, levels_left)  # type: ignore[arg-type]
    elif kind is float:
        _write_float(out, item)  # type: ignore[arg-type]
    elif kind is str:
        try:
            text = item.encode()  # type: ignore[attr-defined]
        except UnicodeEncodeError as error:
            if not surrogates:
                return f"a str with a lone surrogate (character {error.start})"
            return _write_surrogates(out, item, levels_left)  # type: ignore[arg-type]
        out += head(TEXT, len(text))
        out += text
    elif kind is bytes or kind is bytearray or kind is memoryview:
        try:
            data = bytes(item)  # type: ignore[call-overload]
        except ValueError:
            return "a memoryview that was released"
        out += head(BYTES, len(data))
        out += data
    elif kind is complex:
        if levels_left < 2:
            return "a complex number nested this deeply: it takes two levels itself"
        out += _COMPLEX_HEAD
        _write_float(out, item.real)  # type: ignore[attr-defined]
        _write_float(out, item.imag)  # type: ignore[attr-defined]
    elif channel_type is not None and channel_id is not None and issubclass(kind, channel_type):
        number = channel_id(item)
        if number is None:
            return "a channel of another connection"
        if levels_left < 1:
            return "a channel nested this deeply: it takes one level itself"
        out += _CHANNEL_HEAD
        out += head(UNSIGNED, number)
    else:
        return describe_refused(kind, _ACCEPTED)
    return None


def _write_surrogates(out: bytearray, item: str, levels_left: int) -> str | None:
    """Append a text that has surrogates, or return what is wrong with it. Spec: VA-013, VA-014."""
    if levels_left < 1:
        return "a str with a lone surrogate nested this deeply: it takes one level itself"
    data = item.encode("utf-8", "surrogatepass")
    out += _SURROGATES_HEAD
    out += head(BYTES, len(data))
    out += data
    return None


def _write_int(out: bytearray, item: int, levels_left: int) -> str | None:
    """Append an int of any size, or return what is wrong with it."""
    major, argument = (UNSIGNED, item) if item >= 0 else (NEGATIVE, -1 - item)
    if argument < 2**64:
        out += head(major, argument)
        return None
    if levels_left < 1:
        return "an int beyond 64 bits nested this deeply: it takes one level itself"
    data = argument.to_bytes((argument.bit_length() + 7) // 8, "big")
    out += head(TAG, POSITIVE_BIGNUM_TAG if item >= 0 else NEGATIVE_BIGNUM_TAG)
    out += head(BYTES, len(data))
    out += data
    return None


def _write_float(out: bytearray, number: float) -> None:
    """Append a float so that it arrives with the same bits (of NaN: as NaN)."""
    if number != number:
        out += _NAN
    elif number in (float("inf"), float("-inf")):
        out += _INFINITY if number > 0 else _MINUS_INFINITY
    else:
        out += _F64(0xFB, number)


def _too_deep(item: object, steps: list[Step], stack: list[Open], limit: int) -> DumpError:
    """Return the error for nesting beyond the limit, which for a cycle has no end."""
    seen: dict[int, int] = {}
    for level, container in enumerate([*(entry[3] for entry in stack), item]):
        first = seen.setdefault(id(container), level)
        if first != level:
            where = at_path(steps[: first + 1])
            return DumpError(f"can't serialize a {type(container).__name__} that contains itself{where}.")
    return DumpError(
        f"can't serialize a {type(item).__name__} nested this deeply{at_path(steps)}. The receiver takes "
        f"{limit} levels of arrays, maps and tags; a tuple, set or frozenset takes two."
    )
