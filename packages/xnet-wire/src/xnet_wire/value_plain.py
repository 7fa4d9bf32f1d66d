"""The compiled engine, for items that are certainly plain.

Nothing here decides that something is wrong; a function answers, or says that the exact codec
must be asked (``value_encoding``, ``value_decoding``). What it does answer is what the exact
codec would, only sooner: a test compares the two.
"""

from __future__ import annotations

from xnet_wire.engine import CBORTag, loads
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

    A panic of the engine is no ``Exception``; it means as little as any other failure of it.
    """
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def lower(
    item: Any, levels: int, channel_type: type | None, channel_id: Callable[[object], int | None] | None
) -> Any:
    """Return ``item`` in terms of what the engine encodes exactly as this protocol wants it.

    A container of scalars is returned as it is. Other containers are rebuilt, which is cheap
    beside encoding them, and leaves nothing shared that the engine visits while other threads
    could run: the engine encodes a flat list or dict without ever giving up the interpreter.

    Raises:
        NotPlainError: The item is not sendable, or is nested deeply.
    """
    kind = type(item)
    if kind in SENDABLE_SCALARS:
        return item
    if levels == 0:
        raise NotPlainError
    levels -= 1
    if kind is dict:
        plain_keys = all_sendable(map(type, item))
        if plain_keys and all_sendable(map(type, item.values())):
            return item
        if plain_keys:
            return {
                k: v if type(v) in SENDABLE_SCALARS else lower(v, levels, channel_type, channel_id)
                for k, v in item.items()
            }
        # A tag object with a tuple in it is hashable, so it can stand for a container as key.
        return {
            lower(k, levels, channel_type, channel_id): lower(v, levels, channel_type, channel_id)
            for k, v in item.items()
        }
    if kind is list:
        if all_sendable(map(type, item)):
            return item
        return [
            m if type(m) in SENDABLE_SCALARS else lower(m, levels, channel_type, channel_id) for m in item
        ]
    tag = _CONTAINER_TAGS.get(kind)
    if tag is not None:
        if all_sendable(map(type, item)):
            return CBORTag(tag, item if kind is tuple else tuple(item))
        return CBORTag(tag, tuple([lower(m, levels, channel_type, channel_id) for m in item]))
    if kind is memoryview:
        return bytes(item)
    if channel_type is not None and channel_id is not None and issubclass(kind, channel_type):
        number = channel_id(item)
        if number is not None:
            return CBORTag(CHANNEL_TAG, number)
    raise NotPlainError


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


def _make_set(content: list[Any]) -> set[Any]:
    result = set(content)
    if len(result) != len(content):
        raise NotPlainError
    return result


def _make_frozenset(content: list[Any]) -> frozenset[Any]:
    result = frozenset(content)
    if len(result) != len(content):
        raise NotPlainError
    return result


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


def _refuse(content: Any, immutable: bool) -> Any:
    raise NotPlainError


class _TagDecoders(dict[int, "Callable[[Any, bool], Any]"]):
    """What the engine does with each tag: never anything of its own, whatever it knows."""

    def __missing__(self, tag: int) -> Callable[[Any, bool], Any]:
        return _refuse


# Channel references are not here: what they may be is for the exact decoder to see.
_TAG_DECODERS: Final = _TagDecoders(
    {
        POSITIVE_BIGNUM_TAG: _decode_positive_bignum,
        NEGATIVE_BIGNUM_TAG: _decode_negative_bignum,
        SET_TAG: _tag_array(_make_set),
        COMPLEX_TAG: _tag_array(_make_complex),
        TUPLE_TAG: _tag_array(tuple),
        FROZENSET_TAG: _tag_array(_make_frozenset),
        PY2_STRING_TAG: _decode_py2_string,
    }
)


def engine_options(max_depth: int) -> dict[str, Any]:
    """Return the engine's keyword arguments for a depth limit.

    The engine does not count an empty array or map, which this protocol does (Spec: VA-023). So it
    gets one level less for what is not empty; an item that needs the last level is not plain.

    Args:
        max_depth: Deepest nesting of the item, without the array that ``decode_plain`` puts
            around it.
    """
    return {
        "semantic_decoders": _TAG_DECODERS,
        "max_depth": max_depth,
        "allow_indefinite": False,
        "allow_duplicate_keys": False,
    }


def decode_plain(payload: Buffer, options: dict[str, Any]) -> Any:
    """Decode one item with the engine, or return ``NOT_PLAIN`` where that does not settle it.

    Args:
        payload: The CBOR of exactly one item, as the peer sent it.
        options: What ``engine_options`` returned.
    """
    framed = b"\x82" + payload + _TAIL
    try:
        item, end = loads(framed, **options)
        # The second element is ours, not one inside the payload, if those bytes occur once.
        if end == _SENTINEL and framed.find(_SENTINEL) == len(payload) + 2 and _is_plain(item):
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
