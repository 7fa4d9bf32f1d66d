"""CBOR diagnostic notation to bytes (RFC 8949, section 8), for the examples of the specification.

Without an indicator each number takes its shortest form; ``_0`` to ``_3`` force 1, 2, 4 or 8
bytes of argument, and ``_1`` to ``_3`` the width of a float. So the text decides every byte.
"""

from __future__ import annotations

import json
import math
import re
import struct
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<bytes>h'[0-9a-fA-F\s]*')
    | (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<float>-?(?:\d+\.\d+(?:e[+-]?\d+)?|Infinity)|NaN)
    | (?P<int>-?\d+)
    | (?P<word>true|false|null|undefined)
    | (?P<mark>_[0-3](?!\d))
    | (?P<sign>[\[\]{}(),:])
    )""",
    re.VERBOSE,
)
_WORDS: Final = {"false": b"\xf4", "true": b"\xf5", "null": b"\xf6", "undefined": b"\xf7"}
_FLOATS: Final = ((">e", 0xF9), (">f", 0xFA), (">d", 0xFB))


class NotationError(ValueError):
    """The text is not diagnostic notation; the message shows the place."""


def encode(text: str) -> bytes:
    """Return the CBOR that the notation describes.

    Raises:
        NotationError: The author of the example made a mistake.
    """
    parser = _Parser(text)
    data = parser.item()
    parser.end()
    return data


class _Parser:
    """A recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise NotationError(f"cannot read {text[position : position + 30]!r}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self._next = 0

    def end(self) -> None:
        if self._next != len(self._tokens):
            raise NotationError(f"something follows the item: {self._peek()!r}")

    def item(self) -> bytes:
        kind, token = self._take()
        if kind == "bytes":
            content = bytes.fromhex("".join(token[2:-1].split()))
            return _head(2, len(content), self._mark()) + content
        if kind == "text":
            encoded = str(json.loads(token)).encode()
            return _head(3, len(encoded), self._mark()) + encoded
        if kind == "float":
            return _float(float(token.replace("Infinity", "inf")), self._mark())
        if kind == "word":
            return _WORDS[token]
        if kind == "int":
            return self._number(int(token))
        if token == "[":
            return self._sequence(4, "]", pairs=False)
        if token == "{":
            return self._sequence(5, "}", pairs=True)
        raise NotationError(f"an item cannot begin with {token!r} in {self._text!r}")

    def _number(self, value: int) -> bytes:
        mark = self._mark()
        if self._peek() == "(":
            self._take()
            content = self.item()
            self._expect(")")
            return _head(6, value, mark) + content
        if not -(2**64) <= value < 2**64:
            raise NotationError(f"{value} needs a bignum: write 2(h'...') or 3(h'...')")
        return _head(0, value, mark) if value >= 0 else _head(1, -1 - value, mark)

    def _sequence(self, major: int, last: str, *, pairs: bool) -> bytes:
        mark = self._mark()
        count = 0
        content = b""
        while self._peek() != last:
            if count:
                self._expect(",")
            content += self.item()
            if pairs:
                self._expect(":")
                content += self.item()
            count += 1
        self._take()
        return _head(major, count, mark) + content

    def _mark(self) -> int | None:
        if self._next < len(self._tokens) and self._tokens[self._next][0] == "mark":
            return int(self._take()[1][1])
        return None

    def _peek(self) -> str | None:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else None

    def _take(self) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise NotationError(f"the text ends too early: {self._text!r}")
        self._next += 1
        return self._tokens[self._next - 1]

    def _expect(self, sign: str) -> None:
        if self._take()[1] != sign:
            raise NotationError(f"expected {sign!r} in {self._text!r}")


def _head(major: int, argument: int, mark: int | None) -> bytes:
    if mark is None:
        if argument < 24:
            return bytes([major << 5 | argument])
        mark = next(width for width in range(4) if argument < 1 << (8 << width))
    return bytes([major << 5 | 24 + mark]) + argument.to_bytes(1 << mark, "big")


def _float(value: float, mark: int | None) -> bytes:
    for number, (layout, initial) in enumerate(_FLOATS, 1):
        if mark is not None and mark != number:
            continue
        try:
            data = struct.pack(layout, value)
        except OverflowError:
            continue
        if math.isnan(value) or struct.unpack(layout, data)[0] == value:
            return bytes([initial]) + data
    raise NotationError(f"{value} does not fit the width _{mark}")
