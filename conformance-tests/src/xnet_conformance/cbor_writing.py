"""Values to CBOR: the one encoding that the runner uses itself. Others are bytes in the cases."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from xnet_conformance.errors import CaseError

if TYPE_CHECKING:
    from xnet_conformance.values import Value

TAG_NUMBERS: Final = {
    "set": 258,
    "complex": 43000,
    "tuple": 58400,
    "frozenset": 58401,
    "channel": 58402,
    "py2str": 58403,
    "surrogates": 58404,
}


def write_head(major: int, number: int) -> bytes:
    """Return the head of a data item in its shortest form. Spec: VA-005."""
    if number < 24:
        return bytes([major << 5 | number])
    for extra, (limit, layout) in enumerate(
        ((1 << 8, ">B"), (1 << 16, ">H"), (1 << 32, ">I"), (1 << 64, ">Q"))
    ):
        if number < limit:
            return bytes([major << 5 | 24 + extra]) + struct.pack(layout, number)
    raise CaseError(f"{number} does not fit the head of a CBOR item")


def write_value(value: Value) -> bytes:
    """Return the CBOR of a value. Spec: VA-002, VA-003, VA-004.

    Raises:
        CaseError: It holds a channel that has no number yet.
    """
    kind, content = value.kind, value.content
    if kind == "null":
        return b"\xf6"
    if kind == "bool":
        return b"\xf5" if content else b"\xf4"
    if kind == "int":
        return _write_int(content)
    if kind == "float":
        return b"\xfb" + bytes(content)
    if kind == "bytes":
        return write_head(2, len(content)) + bytes(content)
    if kind == "str":
        encoded = content.encode()
        return write_head(3, len(encoded)) + bytes(encoded)
    if kind == "list":
        return write_head(4, len(content)) + b"".join(map(write_value, content))
    if kind == "dict":
        return write_head(5, len(content)) + b"".join(write_value(k) + write_value(v) for k, v in content)
    return write_head(6, TAG_NUMBERS[kind]) + _write_tagged(kind, value)


def _write_int(number: int) -> bytes:
    if 0 <= number < 1 << 64:
        return write_head(0, number)
    if -(1 << 64) <= number < 0:
        return write_head(1, -1 - number)
    tag, size = (2, number) if number > 0 else (3, -1 - number)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return write_head(6, tag) + write_head(2, len(digits)) + digits


def _write_tagged(kind: str, value: Value) -> bytes:
    content = value.content
    if kind == "complex":
        return b"\x82\xfb" + bytes(content[0]) + b"\xfb" + bytes(content[1])
    if kind == "channel":
        if not isinstance(content, int):
            raise CaseError(f"the channel {content!r} has no number yet")
        return write_head(0, content)
    if kind in ("py2str", "surrogates"):
        return write_head(2, len(content)) + bytes(content)
    return write_head(4, len(content)) + b"".join(map(write_value, content))
