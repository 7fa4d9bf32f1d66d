"""Values in execnet's dump format 2, without its version byte, as messages carry them.

A value is a program for a stack: opcodes push values and combine them, the last one says stop.
"""

from __future__ import annotations

import struct
from typing import Final

from xnet_conformance.cbor_reading import NotAValue
from xnet_conformance.errors import CaseError
from xnet_conformance.values import NULL, Value, float_content

_INT4: Final = struct.Struct(">i")
_LARGEST_INT4: Final = 2**31 - 1
_CONSTANTS: Final = {b"L": NULL, b"R": Value("bool", True), b"C": Value("bool", False)}
_STRINGS: Final = {b"A": "bytes", b"N": "str", b"S": "str", b"M": "py2str"}
_COLLECTIONS: Final = {b"@": "tuple", b"O": "set", b"E": "frozenset"}
_CODES: Final = {"bytes": b"A", "str": b"N", "py2str": b"M", "tuple": b"@", "set": b"O", "frozenset": b"E"}


def write_dump(value: Value) -> bytes:
    """Return the bytes of a value.

    Raises:
        CaseError: The format has no such value.
    """
    return _write(value) + b"Q"


def _write(value: Value) -> bytes:
    kind, content = value.kind, value.content
    if kind == "null" or kind == "bool":
        return next(code for code, constant in _CONSTANTS.items() if constant == value)
    if kind == "int":
        return _write_int(content)
    if kind == "float":
        return b"D" + bytes(content)
    if kind == "complex":
        return b"T" + b"".join(content)
    if kind == "channel":
        return b"B" + _write_int4(content)
    if kind in _STRINGS.values():
        data = content.encode() if kind == "str" else bytes(content)
        return _CODES[kind] + _write_int4(len(data)) + data
    if kind == "list":
        entries = (_write_int(at) + _write(element) + b"P" for at, element in enumerate(content))
        return b"K" + _write_int4(len(content)) + b"".join(entries)
    if kind == "dict":
        return b"J" + b"".join(_write(key) + _write(item) + b"P" for key, item in content)
    return b"".join(map(_write, content)) + _CODES[kind] + _write_int4(len(content))


def _write_int(number: int) -> bytes:
    if -_LARGEST_INT4 - 1 <= number <= _LARGEST_INT4:
        return b"F" + _write_int4(number)
    text = str(number).encode()
    return b"H" + _write_int4(len(text)) + text


def _write_int4(number: int) -> bytes:
    if not -_LARGEST_INT4 - 1 <= number <= _LARGEST_INT4:
        raise CaseError(f"{number} does not fit the four bytes that execnet has for it")
    return _INT4.pack(number)


def read_dump(data: bytes) -> Value:
    """Return the value that `data` encodes, all of it.

    Raises:
        NotAValue: It encodes none.
    """
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[Value] = []

    def read(self) -> Value:
        while True:
            code = self.take(1)
            if code == b"Q":
                break
            self.run(code)
        if len(self.stack) != 1 or self.at != len(self.data):
            left = len(self.data) - self.at
            raise self.wrong(f"at the end there are {len(self.stack)} values, and {left} bytes are left")
        return self.stack[0]

    def run(self, code: bytes) -> None:
        if code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code])
        elif code in _STRINGS:
            self.stack.append(self.string(_STRINGS[code]))
        elif code in _COLLECTIONS:
            self.stack.append(Value(_COLLECTIONS[code], self.pop(self.count())))
        elif code == b"P":
            self.set_item()
        else:
            self.stack.append(self.scalar(code))

    def scalar(self, code: bytes) -> Value:
        if code in (b"F", b"G"):
            return Value("int", self.int4())
        if code in (b"H", b"I"):
            text = self.take(self.count())
            if not text.lstrip(b"-").isdigit():
                raise self.wrong(f"{text[:40]!r} is not a decimal number")
            return Value("int", int(text))
        if code == b"D":
            return Value("float", self.float())
        if code == b"T":
            return Value("complex", (self.float(), self.float()))
        if code == b"B":
            return Value("channel", self.int4())
        if code == b"J":
            return Value("dict", ())
        if code == b"K":
            return Value("list", self.nulls(self.count()))
        raise self.wrong(f"{code!r} is not an opcode")

    def nulls(self, count: int) -> tuple[Value, ...]:
        # Each element takes seven bytes or more, which must have arrived: no memory for a mere number.
        if count > len(self.data):
            raise self.wrong(f"a list of {count} elements in {len(self.data)} bytes")
        return (NULL,) * count

    def set_item(self) -> None:
        container, key, item = self.pop(3)
        if container.kind == "dict":
            self.stack.append(Value("dict", (*container.content, (key, item))))
        elif container.kind == "list" and key.kind == "int" and 0 <= key.content < len(container.content):
            elements = container.content
            self.stack.append(Value("list", (*elements[: key.content], item, *elements[key.content + 1 :])))
        else:
            raise self.wrong(f"an element {key.content!r} of a {container.kind}")

    def string(self, kind: str) -> Value:
        data = self.take(self.count())
        if kind != "str":
            return Value(kind, data)
        try:
            return Value(kind, data.decode())
        except UnicodeDecodeError:
            raise self.wrong("text that is not UTF-8") from None

    def pop(self, count: int) -> tuple[Value, ...]:
        if count > len(self.stack):
            raise self.wrong(f"{count} values are needed, {len(self.stack)} are there")
        found = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return found

    def float(self) -> bytes:
        number: float = struct.unpack(">d", self.take(8))[0]
        return float_content(number)

    def int4(self) -> int:
        return int(_INT4.unpack(self.take(4))[0])

    def count(self) -> int:
        number = self.int4()
        if number < 0:
            raise self.wrong(f"a length of {number}")
        return number

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise self.wrong(f"{count} bytes are needed, {len(self.data) - self.at} are there")
        self.at += count
        return self.data[self.at - count : self.at]

    def wrong(self, reason: str) -> NotAValue:
        return NotAValue(reason, self.at)
