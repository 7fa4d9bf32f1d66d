"""The compiled engine, for items that are certainly plain.

Nothing here decides that something is wrong; a function answers, or says that the exact codec
must be asked (``value_encoding``, ``value_decoding``). What it does answer is what the exact
codec would, only sooner: a test compares the two.
"""

from __future__ import annotations

from marshal import dumps as marshal_dumps

from xnet_wire.engine import CBORTag, loads
from xnet_wire.key_spread import FEW_KEYS, collide, equal_hashes_of_containers
from xnet_wire.limits import MIN_DEPTH
from xnet_wire.value_types import (
    CHANNEL_TAG,
    COMPLEX_TAG,
    CONTAINERS,
    FROZENSET_TAG,
    NEGATIVE_BIGNUM_TAG,
    POSITIVE_BIGNUM_TAG,
    PY2_STRING_TAG,
    SCALARS,
    SENDABLE_SCALARS,
    SET_TAG,
    SURROGATES_TAG,
    TUPLE_TAG,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

    Buffer = bytes | bytearray | memoryview

all_sendable: Final = SENDABLE_SCALARS.issuperset
_all_scalars: Final = SCALARS.issuperset

#: Containers nested deeper than this go to the exact codec. With two levels for each, plus two
#: for a complex number inside, no receiver's limit is reached, so nothing need be counted.
PLAIN_LEVELS: Final = (MIN_DEPTH - 4) // 2

_CONTAINER_TAGS: Final[dict[type, int]] = {tuple: TUPLE_TAG, set: SET_TAG, frozenset: FROZENSET_TAG}


class NotPlainError(Exception):
    """The engine is not to be trusted with this; ask the exact codec."""


def raise_unless_engine_gave_up(error: BaseException) -> None:
    """Raise what is not the engine's business, such as KeyboardInterrupt.

    A panic of the engine is not an ``Exception``; it is treated like any other failure of it.
    """
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def lower(
    item: Any, levels: int, channel_type: type | None, channel_id: Callable[[object], int | None] | None
) -> Any:
    """Return ``item`` in terms of what the engine encodes exactly as this protocol wants it.

    A list or dict of scalars is returned as it is. Other containers are copied, which is cheap
    beside encoding them, and leaves nothing shared that the engine visits while other threads
    could run: the engine encodes a flat list or dict without ever giving up the interpreter.

    Args:
        item: No scalar; callers have seen to those, because most members are scalars.
        levels: How many containers deep the item may be.
        channel_type: As for ``values.encode``.
        channel_id: As for ``values.encode``.

    Raises:
        NotPlainError: The item is not sendable, or is nested deeply.
    """
    if levels == 0:
        raise NotPlainError
    levels -= 1
    kind = type(item)
    if kind is dict:
        if not all_sendable(map(type, item)):
            return _lower_with_keys(item, levels, channel_type, channel_id)
        if all_sendable(map(type, item.values())):
            return item
        copy = item.copy()
        for key, value in copy.items():
            if type(value) not in SENDABLE_SCALARS:
                copy[key] = lower(value, levels, channel_type, channel_id)
        return copy
    if kind is list:
        if all_sendable(map(type, item)):
            return item
        return lower_members(item, levels, channel_type, channel_id)
    tag = _CONTAINER_TAGS.get(kind)
    if tag is not None:
        if all_sendable(map(type, item)):
            return CBORTag(tag, item if kind is tuple else tuple(item))
        if kind is not tuple and _holds_view(item):
            raise NotPlainError
        return CBORTag(tag, tuple(lower_members(item, levels, channel_type, channel_id)))
    if kind is memoryview:
        return bytes(item)
    if channel_type is not None and channel_id is not None and issubclass(kind, channel_type):
        number = channel_id(item)
        if number is not None:
            return CBORTag(CHANNEL_TAG, number)
    raise NotPlainError


def lower_members(
    members: Iterable[Any],
    levels: int,
    channel_type: type | None,
    channel_id: Callable[[object], int | None] | None,
) -> list[Any]:
    """Return a list of the members of a container, each in terms of the engine; see ``lower``."""
    copy = list(members)
    for index, member in enumerate(copy):
        if type(member) not in SENDABLE_SCALARS:
            copy[index] = lower(member, levels, channel_type, channel_id)
    return copy


def _holds_view(members: Iterable[Any]) -> bool:
    """Tell whether a memoryview is among keys or elements, or in a container among them."""
    pending = [members]
    for group in pending:
        for member in group:
            kind = type(member)
            if kind is memoryview:
                return True
            if kind is tuple or kind is frozenset:
                pending.append(member)
    return False


def _lower_with_keys(
    item: dict[Any, Any],
    levels: int,
    channel_type: type | None,
    channel_id: Callable[[object], int | None] | None,
) -> dict[Any, Any]:
    """Return a dict that has containers or channels among its keys in terms of the engine.

    A tag object with a tuple in it is hashable, so it can stand for a container as key.
    """
    if _holds_view(item):
        raise NotPlainError
    keys = lower_members(item, levels, channel_type, channel_id)
    values = lower_members(item.values(), levels, channel_type, channel_id)
    return dict(zip(keys, values, strict=True))


#: Follows the payload as second element of an array of two, so that one call decodes the item
#: and tells whether the payload ended right there. None of its bytes is the head 0x48 of a byte
#: string of eight, so no tail of a payload can combine with it to the same value.
_SENTINEL: Final = b"\xffxnet\xfe\xfd\xfc"
_TAIL: Final = b"\x48" + _SENTINEL
NOT_PLAIN: Final = object()


def _tag_array(make: Callable[[list[Any]], Any]) -> Callable[[Any, bool], Any]:
    """Return an engine callback for a tag whose content is an array."""

    def decode_tag(content: Any, immutable: bool) -> Any:
        # In a map key the engine gives an array and a tagged tuple as the same type.
        if immutable or type(content) is not list:
            raise NotPlainError
        return make(content)

    return decode_tag


def _decode_tuple(content: Any, immutable: bool) -> tuple[Any, ...]:
    if immutable or type(content) is not list:
        raise NotPlainError
    return tuple(content)


def _make_set(content: list[Any]) -> set[Any]:
    if (len(content) > FEW_KEYS and collide(content)) or equal_hashes_of_containers(content):
        raise NotPlainError
    result = set(content)
    if len(result) != len(content):
        raise NotPlainError
    return result


def _make_frozenset(content: list[Any]) -> frozenset[Any]:
    return frozenset(_make_set(content))


def _make_complex(content: list[Any]) -> complex:
    real, imag = content
    if type(real) is not float or type(imag) is not float:
        raise NotPlainError
    return complex(real, imag)


def _decode_positive_bignum(content: Any, immutable: bool) -> int:
    if type(content) is not bytes:
        raise NotPlainError
    return int.from_bytes(content, "big")


def _decode_negative_bignum(content: Any, immutable: bool) -> int:
    return -1 - _decode_positive_bignum(content, immutable)


def _decode_py2_string(content: Any, immutable: bool) -> str:
    if type(content) is not bytes:
        raise NotPlainError
    return content.decode("latin-1")


def _decode_surrogates(content: Any, immutable: bool) -> str:
    if type(content) is not bytes:
        raise NotPlainError
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogatepass")
    raise NotPlainError


def _refuse(content: Any, immutable: bool) -> Any:
    raise NotPlainError


class _TagDecoders(dict[int, "Callable[[Any, bool], Any]"]):
    """What the engine does with each tag: never what it would do by itself."""

    def __missing__(self, tag: int) -> Callable[[Any, bool], Any]:
        return _refuse


# Channel references are not here: what they may be is for the exact decoder to see.
_TAG_DECODERS: Final = _TagDecoders(
    {
        POSITIVE_BIGNUM_TAG: _decode_positive_bignum,
        NEGATIVE_BIGNUM_TAG: _decode_negative_bignum,
        SET_TAG: _tag_array(_make_set),
        COMPLEX_TAG: _tag_array(_make_complex),
        TUPLE_TAG: _decode_tuple,
        FROZENSET_TAG: _tag_array(_make_frozenset),
        PY2_STRING_TAG: _decode_py2_string,
        SURROGATES_TAG: _decode_surrogates,
    }
)


#: No map of this many bytes has more than ``FEW_KEYS`` entries.
FEW_KEYS_BYTES: Final = 2 * FEW_KEYS
#: What the head of a map with more begins with.
_MANY_ENTRIES: Final = (b"\xb9", b"\xba", b"\xbb")
#: Up to this length a copy of the payload costs less than a walk through the item.
_COPY_BYTES: Final = 65_536


def decode_plain(payload: Buffer, max_depth: int, string_keys: bool = False) -> Any:
    """Decode one item with the engine, or return ``NOT_PLAIN`` where that does not settle it.

    Args:
        payload: The CBOR of exactly one item, as the peer sent it.
        max_depth: Deepest nesting of the item. The engine does not count an empty array or map,
            which this protocol does (Spec: VA-023), and it does count the array that is put
            around the item here. So it gets the number as it is, and an item that needs the last
            level for something that is not empty is not plain.
        string_keys: Only text and bytes are plain as map keys. Then less is left to check in the
            item, so this is worth trying first.
    """
    framed = b"\x82" + payload + _TAIL
    if not string_keys and len(payload) > FEW_KEYS_BYTES and any(head in framed for head in _MANY_ENTRIES):
        # The engine makes dicts without a look at how their keys spread.
        return NOT_PLAIN
    try:
        item, end = loads(
            framed,
            semantic_decoders=_TAG_DECODERS,
            max_depth=max_depth,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=string_keys,
        )
        # The second element is ours, not one inside the payload, if those bytes occur once.
        if end != _SENTINEL or framed.find(_SENTINEL) != len(payload) + 2:
            return NOT_PLAIN
        if string_keys and len(framed) <= _COPY_BYTES:
            # Used for its refusal alone: it knows the types of the closed set, and of what the
            # engine can make beyond those (undefined, simple values, maps as keys) not one.
            marshal_dumps(item, 2)
            return item
        if _is_plain(item):
            return item
    except BaseException as error:  # noqa: BLE001 - the exact decoder says what was wrong
        raise_unless_engine_gave_up(error)
    return NOT_PLAIN


def _is_plain(item: Any) -> bool:
    """Tell whether an item made by the engine holds only what belongs to the closed set.

    The engine knows more simple values than this protocol; and in a map key it gives arrays and
    maps as hashable types of its own. Anything unusual among keys is left to the exact decoder.
    """
    if type(item) in SCALARS:
        return True
    pending = [item]
    for container in pending:
        kind = type(container)
        members: Iterable[Any] = container
        if kind is dict:
            if not _all_scalars(map(type, container)):
                return False
            members = container.values()
        elif kind not in CONTAINERS:
            return False
        if not _all_scalars(map(type, members)):
            pending.extend([member for member in members if type(member) not in SCALARS])
    return True
