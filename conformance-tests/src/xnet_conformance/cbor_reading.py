"""CBOR to values, strictly: what the specification does not allow a testee to send is refused here."""

from __future__ import annotations

import struct
import sys
from typing import Any, Final

from xnet_conformance.values import NULL, Value, float_content

#: The deepest item that cases use has 512 levels, and each takes up to three calls.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
_DEEPEST: Final = 2_000
_SEQUENCE_TAGS: Final = {258: "set", 58400: "tuple", 58401: "frozenset"}


class NotAValue(Exception):
    """The bytes are not the encoding of one value. The text says why, and at which byte."""

    def __init__(self, reason: str, offset: int, req: str = "VA-001") -> None:
        super().__init__(f"{reason} (at byte {offset})")
        self.offset = offset
        self.req = req


def read_value(data: bytes, *, as_encoded: bool = False) -> Value:
    """Return the value that `data` encodes, all of it. Spec: VA-001, VA-020, VA-021.

    Args:
        data: The bytes.
        as_encoded: Refuse what a decoder takes and no encoder may write. Spec: VA-002.

    Raises:
        NotAValue: It encodes none.
    """
    reader = _Reader(data, as_encoded=as_encoded)
    value = reader.value(0)
    if reader.at != len(data):
        raise NotAValue(f"{len(data) - reader.at} bytes after the value", reader.at)
    return value


def read_values(data: bytes) -> list[tuple[Value, bytes]]:
    """Return the items of a testee's CHANNEL_BATCH, each with its bytes. Spec: CH-034.

    Raises:
        NotAValue: It is not an array of one or more values.
    """
    reader = _Reader(data, as_encoded=True)
    major, count, _ = reader.head()
    if major != 4 or not count:
        raise NotAValue("a batch is an array with one or more items", 0)
    items = []
    for _ in range(count):
        start = reader.at
        value = reader.value(0)
        items.append((value, data[start : reader.at]))
    if reader.at != len(data):
        raise NotAValue(f"{len(data) - reader.at} bytes after the batch", reader.at)
    return items


class _Reader:
    def __init__(self, data: bytes, *, as_encoded: bool) -> None:
        self.data = data
        self.as_encoded = as_encoded
        self.at = 0

    def take(self, count: int) -> bytes:
        if len(self.data) - self.at < count:
            raise NotAValue(f"{count} bytes are needed, {len(self.data) - self.at} are left", self.at)
        self.at += count
        return self.data[self.at - count : self.at]

    def head(self) -> tuple[int, int, int]:
        """Return major type, number and additional information."""
        start = self.at
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info > 27:
            what = "an indefinite length" if info == 31 else "reserved additional information"
            raise NotAValue(f"{what}: the byte {first:02x}", start)
        return major, int.from_bytes(self.take(1 << info - 24), "big"), info

    def value(self, depth: int) -> Value:
        start = self.at
        if depth > _DEEPEST:
            raise NotAValue(f"more than {_DEEPEST} levels", start)
        major, number, info = self.head()
        if major == 0:
            return Value("int", number)
        if major == 1:
            return Value("int", -1 - number)
        if major == 2:
            return Value("bytes", self.take(number))
        if major == 3:
            return Value("str", self.text(number))
        if major == 4:
            return Value("list", self.elements(number, depth))
        if major == 5:
            return self.mapping(number, depth, start)
        if major == 6:
            return self.tagged(number, depth, start)
        return self.simple(number, info, start)

    def text(self, count: int) -> str:
        start = self.at
        try:
            return self.take(count).decode()
        except UnicodeDecodeError as error:
            raise NotAValue(f"text that is not UTF-8: {error.reason}", start) from None

    def elements(self, count: int, depth: int) -> tuple[Value, ...]:
        if count > len(self.data) - self.at:
            raise NotAValue(f"{count} elements in {len(self.data) - self.at} bytes", self.at)
        return tuple(self.value(depth + 1) for _ in range(count))

    def mapping(self, count: int, depth: int, start: int) -> Value:
        if 2 * count > len(self.data) - self.at:
            raise NotAValue(f"{count} pairs in {len(self.data) - self.at} bytes", self.at)
        pairs = tuple((self.value(depth + 1), self.value(depth + 1)) for _ in range(count))
        refuse_twins([key for key, _ in pairs], "keys of a dict", start)
        return Value("dict", pairs)

    def tagged(self, tag: int, depth: int, start: int) -> Value:
        inner_at = self.at
        inner = self.value(depth + 1)
        kind = _SEQUENCE_TAGS.get(tag)
        if kind and inner.kind == "list":
            if kind != "tuple":
                refuse_twins(inner.content, f"elements of a {kind}", start)
            return Value(kind, inner.content)
        if tag in (2, 3) and inner.kind == "bytes":
            number = int.from_bytes(inner.content, "big")
            if self.as_encoded and number < 1 << 64:
                raise NotAValue(f"tag {tag} on an integer of 64 bits", start, "VA-002")
            return Value("int", number if tag == 2 else -1 - number)
        if tag == 43000 and inner.kind == "list" and [v.kind for v in inner.content] == ["float", "float"]:
            return Value("complex", tuple(v.content for v in inner.content))
        if tag == 58403 and inner.kind == "bytes":
            return Value("py2str", inner.content)
        if tag == 58404 and inner.kind == "bytes":
            return self.surrogates(inner.content, start)
        if (
            tag == 58402
            and inner.kind == "int"
            and self.data[inner_at] >> 5 == 0
            and 0 < inner.content < 1 << 32
        ):
            return Value("channel", inner.content)
        raise NotAValue(f"tag {tag} on {inner.kind}", start)

    def surrogates(self, content: bytes, start: int) -> Value:
        """Return a text with surrogates. Spec: VA-013, VA-014."""
        try:
            text = content.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise NotAValue(
                f"tag 58404 on bytes that are not generalised UTF-8: {error.reason}", start
            ) from None
        if not any("\ud800" <= character <= "\udfff" for character in text):
            raise NotAValue("tag 58404 on a text without surrogates", start)
        return Value("surrogates", content)

    def simple(self, number: int, info: int, start: int) -> Value:
        if info in (20, 21):
            return Value("bool", info == 21)
        if info == 22:
            return NULL
        if info in (25, 26, 27):
            layout = {25: ">e", 26: ">f", 27: ">d"}[info]
            raw = number.to_bytes(1 << info - 24, "big")
            return Value("float", float_content(struct.unpack(layout, raw)[0]))
        raise NotAValue(f"simple value {number}", start)


def refuse_twins(keys: list[Value] | tuple[Value, ...], what: str, start: int) -> None:
    """Refuse keys or elements that are equal or not hashable. Spec: VA-020, VA-022.

    Raises:
        NotAValue: Two are equal, or one is not hashable.
    """
    seen = set()
    for key in keys:
        identity = key_identity(key, start)
        if identity in seen:
            raise NotAValue(f"two equal {what}", start)
        seen.add(identity)


def key_identity(key: Value, start: int = 0) -> Any:
    """Return something that is equal for keys which Python takes for one."""
    kind, content = key.kind, key.content
    if kind in ("bool", "int"):
        return "number", content
    if kind == "float":
        number = struct.unpack(">d", content)[0]
        return ("nan", id(key)) if number != number else ("number", number)
    if kind == "complex":
        both = complex(*(struct.unpack(">d", part)[0] for part in content))
        return ("nan", id(key)) if both != both else ("number", both)
    if kind == "py2str":
        return "str", content.decode("latin-1")
    if kind == "tuple":
        return kind, tuple(key_identity(element, start) for element in content)
    if kind == "frozenset":
        return kind, frozenset(key_identity(element, start) for element in content)
    if kind in ("list", "dict", "set"):
        raise NotAValue(f"a {kind} as key or element", start)
    return kind, content
