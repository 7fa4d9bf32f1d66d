"""The exact decoder: every rule of the value format, read byte by byte, with the offset kept.

``values.ValueDecoder`` uses the compiled engine for payloads it can prove to be plain and comes
here for the rest: container keys, channels, unusual coercion flags, and everything that is to be
refused. Total: any bytes give an item or a ``ValueFormatError``. Iterative, so nesting costs no
Python stack; a length is believed only as far as bytes are there.

Spec: VA-020 to VA-026 (decoding), VA-031 (coercion).
"""

from __future__ import annotations

from _struct import Struct

from xnet_wire.errors import ValueFormatError
from xnet_wire.item_path import short_repr
from xnet_wire.key_spread import FEW_KEYS, KeyWork, collide, equal_hashes_of_containers
from xnet_wire.limits import MAX_CHANNEL_ID
from xnet_wire.value_encoding import ARRAY, BYTES, MAP, NEGATIVE, TAG, TEXT, UNSIGNED
from xnet_wire.value_types import (
    CHANNEL_TAG,
    COMPLEX_TAG,
    FROZENSET_TAG,
    NEGATIVE_BIGNUM_TAG,
    POSITIVE_BIGNUM_TAG,
    PY2_STRING_TAG,
    SET_TAG,
    SURROGATES_TAG,
    TAG_NAMES,
    TUPLE_TAG,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_MAJOR_NAMES: Final = (
    "an unsigned integer", "a negative integer", "a byte string", "a text string",
    "an array", "a map", "a tagged item", "a simple value or float",
)  # fmt: skip
_SIMPLE: Final = {20: False, 21: True, 22: None}
_FLOATS: Final = {25: Struct(">e").unpack, 26: Struct(">f").unpack, 27: Struct(">d").unpack}
_FLOAT: Final = 7

#: What the content of each tag must be, as a major type.
_TAG_CONTENT: Final = {
    POSITIVE_BIGNUM_TAG: BYTES,
    NEGATIVE_BIGNUM_TAG: BYTES,
    SET_TAG: ARRAY,
    COMPLEX_TAG: ARRAY,
    TUPLE_TAG: ARRAY,
    FROZENSET_TAG: ARRAY,
    CHANNEL_TAG: UNSIGNED,
    PY2_STRING_TAG: BYTES,
    SURROGATES_TAG: BYTES,
}
_TAG_LIST: Final = ", ".join(map(str, sorted(_TAG_CONTENT)))


class _Open:
    """An array, map or tag whose members are being read."""

    __slots__ = ("at", "items", "major", "majors", "tag", "wanted")

    def __init__(self, major: int, tag: int, wanted: int, at: int) -> None:
        self.major = major
        self.tag = tag
        self.wanted = wanted
        self.at = at
        self.items: list[Any] = []
        self.majors: list[int] = []


def _error(at: int, text: str) -> ValueFormatError:
    """Return the error for the data item that begins at byte ``at``."""
    return ValueFormatError(f"Malformed item: {text} (byte {at}).")


def decode_exact(
    payload: bytes | bytearray,
    max_depth: int,
    strings: tuple[bool, bool],
    make_channel: Callable[[int], object] | None,
) -> Any:
    """Decode one item, or say exactly why not.

    Args:
        payload: The CBOR of exactly one item.
        max_depth: Deepest nesting taken.
        strings: (py2str_as_py3str, py3str_as_py2str) of the receiver.
        make_channel: Gives the channel for an id, None where no channel can be received.

    Returns:
        The item.

    Raises:
        ValueFormatError: The peer sent something malformed or outside the closed set.
    """
    data = bytes(payload)
    end = len(data)
    stack: list[_Open] = []
    key_work = KeyWork()
    pos = 0
    while True:
        at = pos
        if at >= end:
            raise _truncated(at, stack)
        major = data[at] >> 5
        info = data[at] & 31
        pos += 1
        argument = info
        size = 0
        if info >= 24:
            if info > 27:
                raise _error(at, _bad_info(major, info))
            size = 1 << (info - 24)
            if end - pos < size:
                raise _truncated(at, stack)
            argument = int.from_bytes(data[pos : pos + size], "big")
            pos += size
        # Spec: VA-023: an array, map or tag counts even if it is empty.
        if ARRAY <= major <= TAG and len(stack) >= max_depth:
            raise _error(at, f"nested deeper than {max_depth} arrays, maps and tags")
        value: Any
        if major == UNSIGNED:
            value = argument
        elif major == NEGATIVE:
            value = -1 - argument
        elif major in (BYTES, TEXT):
            if argument > end - pos:
                raise _error(at, f"{_MAJOR_NAMES[major]} claims {argument} bytes, {end - pos} are left")
            value = data[pos : pos + argument]
            pos += argument
            if major == TEXT:
                value = _text(value, at, strings[1])
        elif major in (ARRAY, MAP):
            # Every member takes a byte at least, so a larger claim cannot be true.
            wanted = argument if major == ARRAY else 2 * argument
            if wanted > end - pos:
                raise _error(
                    at, f"{_MAJOR_NAMES[major]} claims {argument} entries in the {end - pos} bytes left"
                )
            if wanted:
                stack.append(_Open(major, 0, wanted, at))
                continue
            value = [] if major == ARRAY else {}
        elif major == TAG:
            if argument not in _TAG_CONTENT:
                raise _error(at, f"tag {argument} is not one of {_TAG_LIST}")
            stack.append(_Open(TAG, argument, 1, at))
            continue
        elif info in _FLOATS:
            value = _FLOATS[info](data[pos - size : pos])[0]
        elif info in _SIMPLE:
            value = _SIMPLE[info]
            major = -1
        else:
            name = "undefined" if info == 23 else f"simple value {argument}"
            raise _error(at, f"{name} is not one of false, true and null")
        while stack:
            parent = stack[-1]
            parent.items.append(value)
            parent.majors.append(major)
            if len(parent.items) < parent.wanted:
                break
            stack.pop()
            value = _finish(parent, strings, make_channel, key_work)
            major = parent.major
        else:
            if pos != end:
                raise _error(pos, f"{end - pos} bytes follow the item")
            return value


def _bad_info(major: int, info: int) -> str:
    """Say what is wrong with an additional information of 28 to 31."""
    if info == 31 and major == _FLOAT:
        return "a break where a data item was expected"
    if info == 31 and major in (BYTES, TEXT, ARRAY, MAP):
        return f"{_MAJOR_NAMES[major]} of indefinite length, which this protocol does not use"
    return f"{_MAJOR_NAMES[major]} with the reserved additional information {info}"


def _truncated(at: int, stack: list[_Open]) -> ValueFormatError:
    """Return the error for a payload that ends too early."""
    if not stack:
        return _error(at, "the payload ends before the item does")
    inner = stack[-1]
    what = TAG_NAMES[inner.tag] if inner.major == TAG else _MAJOR_NAMES[inner.major]
    return _error(at, f"the payload ends inside {what} that began at byte {inner.at}")


def _text(data: bytes, at: int, as_bytes: bool) -> str | bytes:
    """Check and decode a text string."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _error(at, f"a text string is not UTF-8 at its byte {error.start}: {error.reason}") from None
    return data if as_bytes else text


def _surrogates(data: bytes, at: int, as_bytes: bool) -> str | bytes:
    """Check and decode a text that has surrogates. Spec: VA-027."""
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        raise _error(at, "a text with surrogates has none in it")
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise _error(
            at, f"a text with surrogates is not UTF-8 at its byte {error.start}: {error.reason}"
        ) from None
    return data if as_bytes else text


def _finish(
    done: _Open,
    strings: tuple[bool, bool],
    make_channel: Callable[[int], object] | None,
    key_work: KeyWork,
) -> Any:
    """Make the value of an array, map or tag whose members are complete."""
    if done.major == ARRAY:
        return done.items
    if done.major == MAP:
        return _map(done, key_work)
    content = done.items[0]
    tag = done.tag
    if done.majors[0] != _TAG_CONTENT[tag]:
        wanted = _MAJOR_NAMES[_TAG_CONTENT[tag]]
        got = "a simple value" if done.majors[0] < 0 else _MAJOR_NAMES[done.majors[0]]
        raise _error(done.at, f"tag {tag} ({TAG_NAMES[tag]}) holds {got} instead of {wanted}")
    if tag == TUPLE_TAG:
        return tuple(content)
    if tag == SET_TAG:
        return _set(content, done.at, key_work)
    if tag == FROZENSET_TAG:
        made = frozenset(_set(content, done.at, key_work))
        key_work.note(made)
        return made
    if tag == POSITIVE_BIGNUM_TAG:
        return int.from_bytes(content, "big")
    if tag == NEGATIVE_BIGNUM_TAG:
        return -1 - int.from_bytes(content, "big")
    if tag == PY2_STRING_TAG:
        return content.decode("latin-1") if strings[0] else content
    if tag == SURROGATES_TAG:
        return _surrogates(content, done.at, strings[1])
    if tag == COMPLEX_TAG:
        if len(content) != 2 or type(content[0]) is not float or type(content[1]) is not float:
            raise _error(done.at, f"tag {tag} ({TAG_NAMES[tag]}) does not hold two floats")
        return complex(content[0], content[1])
    if not 1 <= content <= MAX_CHANNEL_ID:
        raise _error(done.at, f"channel id {content} is not between 1 and {MAX_CHANNEL_ID}")
    if make_channel is None:
        raise _error(done.at, f"a reference to channel {content} where no channel can be received")
    return make_channel(content)


def _map(done: _Open, key_work: KeyWork) -> dict[Any, Any]:
    """Make a dict; keys must be hashable and different."""
    result: dict[Any, Any] = {}
    members = done.items
    if len(members) > 2 * FEW_KEYS or TAG in done.majors:
        _check_spread(members[::2], "a map has a key", done.at, key_work)
    pairs = iter(members)
    for key, value in zip(pairs, pairs, strict=True):
        try:
            known = key in result
        except TypeError:
            raise _error(done.at, f"a map has a key that cannot be hashed: {short_repr(key)}") from None
        if known:
            raise _error(done.at, f"a map has two keys equal to {short_repr(key)}")
        result[key] = value
    return result


def _set(members: list[Any], at: int, key_work: KeyWork) -> set[Any]:
    """Make a set; elements must be hashable and different."""
    result: set[Any] = set()
    _check_spread(members, "a set has an element", at, key_work)
    for member in members:
        try:
            hash(member)  # A set would pass the next line: it is looked up as if it were frozen.
            known = member in result
        except TypeError:
            raise _error(at, f"a set has an element that cannot be hashed: {short_repr(member)}") from None
        if known:
            raise _error(at, f"a set has two elements equal to {short_repr(member)}")
        result.add(member)
    return result


def _check_spread(keys: list[Any], what: str, at: int, key_work: KeyWork) -> None:
    """Refuse keys each of which would have to be compared with most of the others. Spec: SE-003, SE-005."""
    try:
        if len(keys) > FEW_KEYS and collide(keys):
            raise _error(at, f"{what} for which most of the {len(keys)} collide, as if they were chosen to")
        if equal_hashes_of_containers(keys) and key_work.too_much(keys):
            raise _error(
                at,
                f"{what} for which the {len(keys)} would take too many comparisons, as if chosen to collide",
            )
    except TypeError:
        return  # which one cannot be hashed is found below
