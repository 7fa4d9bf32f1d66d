"""A strict reader of items: the rules of 30-values.md, as short as they can be written.

Slow and simple on purpose. It judges the examples, and it is a second opinion beside cbor2.
"""

from __future__ import annotations

import struct
from typing import Final

from literals import Channel

MAX_CHANNEL_ID: Final = 2**32 - 1
_TAGS: Final = frozenset({2, 3, 258, 43000, 58400, 58401, 58402, 58403, 58404})
_FLOATS: Final = {25: ">e", 26: ">f", 27: ">d"}


class Rejected(Exception):
    """The bytes are no item of the closed set; the message says why."""


def decode(data: bytes, max_depth: int = 512) -> object:
    """Return the value of an item, with the default coercion flags.

    Args:
        data: The CBOR of exactly one item.
        max_depth: Arrays, maps and tags that may be open at once.

    Raises:
        Rejected: VALUE_MALFORMED.
    """
    reader = _Reader(data, max_depth)
    try:
        value = reader.item(0)
    except RecursionError as error:
        raise Rejected("deeper than this reader's stack") from error
    if reader.position != len(data):
        raise Rejected(f"{len(data) - reader.position} bytes follow the item")
    return value


class _Reader:
    """A cursor over the bytes of one item."""

    def __init__(self, data: bytes, max_depth: int) -> None:
        self._data = data
        self._max_depth = max_depth
        self.position = 0

    def item(self, depth: int) -> object:
        """Read one item that has ``depth`` arrays, maps and tags around it."""
        initial = self._take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self._simple(info)
        argument = self._argument(info)
        if major >= 4 and depth >= self._max_depth:
            raise Rejected(f"deeper than {self._max_depth}")
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(argument)
            case 4:
                return self._array(argument, depth)
            case 5:
                return self._map(argument, depth)
        return self._tag(argument, depth)

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self.position:
            raise Rejected(f"truncated: {count} bytes are missing at {self.position}")
        self.position += count
        return self._data[self.position - count : self.position]

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise Rejected("an indefinite length" if info == 31 else f"reserved information {info}")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _simple(self, info: int) -> object:
        if info in _FLOATS:
            layout = _FLOATS[info]
            return float(struct.unpack(layout, self._take(struct.calcsize(layout)))[0])
        if info in (20, 21, 22):
            return (False, True, None)[info - 20]
        raise Rejected("a lone break" if info == 31 else f"simple value {info}")

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise Rejected(f"text is not UTF-8: {error.reason}") from error

    def _array(self, count: int, depth: int) -> list[object]:
        if count > len(self._data) - self.position:
            raise Rejected("truncated: the array is longer than the bytes that are left")
        return [self.item(depth + 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[object, object]:
        result: dict[object, object] = {}
        for _ in range(count):
            key = self.item(depth + 1)
            if _in(key, result):
                raise Rejected(f"duplicate key {key!r}")
            result[key] = self.item(depth + 1)
        return result

    def _tag(self, tag: int, depth: int) -> object:
        if tag not in _TAGS:
            raise Rejected(f"tag {tag}")
        head = self._data[self.position : self.position + 1]
        content = self.item(depth + 1)
        match tag, content:
            case ((2 | 3), bytes()):
                number = int.from_bytes(content, "big")
                return number if tag == 2 else -1 - number
            case 58403, bytes():
                return content.decode("latin-1")
            case 58404, bytes():
                return _surrogates(content)
            case 58402, int() if head < b"\x20" and 0 < content <= MAX_CHANNEL_ID:  # of major type 0
                return Channel(content)
            case 43000, [float(real), float(imaginary)]:
                return complex(real, imaginary)
            case 58400, list():
                return tuple(content)
            case ((258 | 58401), list()):
                elements = _unique(content)
                return elements if tag == 258 else frozenset(elements)
        raise Rejected(f"tag {tag} does not go with {content!r}")


def _surrogates(content: bytes) -> str:
    try:
        text = content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise Rejected(f"the content of tag 58404 is no generalised UTF-8: {error.reason}") from error
    if not any("\ud800" <= character <= "\udfff" for character in text):
        raise Rejected("tag 58404 on text without surrogates")
    return text


def _unique(elements: list[object]) -> set[object]:
    result: set[object] = set()
    for element in elements:
        if _in(element, result):
            raise Rejected(f"duplicate element {element!r}")
        result.add(element)
    return result


def _in(key: object, container: set[object] | dict[object, object]) -> bool:
    try:
        hash(key)  # a set is found in a set without being hashable
        return key in container
    except TypeError as error:
        raise Rejected(f"{key!r} is not hashable") from error
