"""Changes to values and to their encodings, by name."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from xnet_conformance.cbor_reading import read_value
from xnet_conformance.cbor_writing import write_value
from xnet_conformance.errors import CaseError
from xnet_conformance.values import SEQUENCES, Value, float_content

if TYPE_CHECKING:
    from collections.abc import Callable


def change_item(payload: bytes, name: str) -> bytes:
    """Return the encoding of a value, changed; what the change is not about stays byte for byte.

    Args:
        payload: One value.
        name: A key of `ENCODINGS` or `VALUES`.

    Raises:
        CaseError: The change is unknown.
    """
    if name in ENCODINGS:
        return ENCODINGS[name](payload)
    if name not in VALUES:
        raise CaseError(f"unknown change {name!r}: {', '.join(sorted({*ENCODINGS, *VALUES}))}")
    value = read_value(payload)
    changed = _convert(value, VALUES[name])
    return payload if changed == value else write_value(changed)


def _convert(value: Value, change: Callable[[Value], Value]) -> Value:
    if value.kind == "dict":
        pairs = tuple((_convert(key, change), _convert(item, change)) for key, item in value.content)
        return change(Value("dict", pairs))
    if value.kind in SEQUENCES:
        return change(Value(value.kind, tuple(_convert(element, change) for element in value.content)))
    return change(value)


def _as(kind: str, other: str) -> Callable[[Value], Value]:
    return lambda value: Value(other, value.content) if value.kind == kind else value


def _minus_zero(value: Value) -> Value:
    return Value("float", float_content(0.0)) if value == Value("float", float_content(-0.0)) else value


def _single(value: Value) -> Value:
    if value.kind != "float":
        return value
    try:
        short = struct.unpack(">f", struct.pack(">f", struct.unpack(">d", value.content)[0]))[0]
    except OverflowError:
        return value
    return Value("float", float_content(short))


def _integral_float(value: Value) -> Value:
    if value.kind != "float":
        return value
    number = struct.unpack(">d", value.content)[0]
    return Value("int", int(number)) if number == number and number in (0.0, 1.0, 2.0, 1e15) else value


def _big_as_float(value: Value) -> Value:
    if value.kind != "int" or abs(value.content) <= 2**53:
        return value
    return Value("float", float_content(float(value.content)))


def _modulo(value: Value) -> Value:
    return Value("int", value.content % 2**64) if value.kind == "int" and value.content >= 2**64 else value


def _bool_as_int(value: Value) -> Value:
    return Value("int", int(value.content)) if value.kind == "bool" else value


def _reverse(value: Value) -> Value:
    return Value("dict", value.content[::-1]) if value.kind == "dict" else value


def _bytes_as_text(value: Value) -> Value:
    return Value("str", value.content.decode("latin-1")) if value.kind == "bytes" else value


def _complex_as_list(value: Value) -> Value:
    if value.kind != "complex":
        return value
    return Value("list", tuple(Value("float", part) for part in value.content))


def _shorter(value: Value) -> Value:
    return Value(value.kind, value.content[:-1]) if value.kind in ("str", "bytes") else value


def _next_channel(value: Value) -> Value:
    return Value("channel", value.content + 2) if value.kind == "channel" else value


def _other_parity(value: Value) -> Value:
    return Value("channel", value.content + 1) if value.kind == "channel" else value


def _surrogates_replaced(value: Value) -> Value:
    if value.kind != "surrogates":
        return value
    text = value.content.decode("utf-8", "surrogatepass")
    return Value("str", text.encode("utf-8", "replace").decode())


def _pairs_joined(value: Value) -> Value:
    if value.kind != "surrogates":
        return value
    units = value.content.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    joined = units.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")
    try:
        return Value("str", joined.decode())
    except UnicodeDecodeError:
        return Value("surrogates", joined)


def _text_as_surrogates(value: Value) -> Value:
    return Value("surrogates", value.content.encode()) if value.kind == "str" else value


#: Name -> change of each part of a value.
VALUES: Final[dict[str, Callable[[Value], Value]]] = {
    "minus-zero-lost": _minus_zero,
    "float-as-single": _single,
    "float-as-int": _integral_float,
    "large-int-as-float": _big_as_float,
    "int-modulo-2^64": _modulo,
    "bool-as-int": _bool_as_int,
    "dict-reversed": _reverse,
    "bytes-as-text": _bytes_as_text,
    "bytes-as-py2str": _as("bytes", "py2str"),
    "complex-as-list": _complex_as_list,
    "tuple-as-list": _as("tuple", "list"),
    "set-as-list": _as("set", "list"),
    "set-as-frozenset": _as("set", "frozenset"),
    "frozenset-as-set": _as("frozenset", "set"),
    "text-shorter": _shorter,
    "text-as-surrogates": _text_as_surrogates,
    "surrogates-as-bytes": _as("surrogates", "bytes"),
    "surrogates-replaced": _surrogates_replaced,
    "surrogate-pairs-joined": _pairs_joined,
    "channel-next": _next_channel,
    "channel-other-parity": _other_parity,
}


def widen_head(payload: bytes) -> bytes:
    """Return the same value with the head of its outermost item in the longest form."""
    if not payload or payload[0] & 0x1F > 26 or payload[0] >> 5 == 7:
        return payload
    extra = {24: 1, 25: 2, 26: 4}.get(payload[0] & 0x1F, 0)
    number = int.from_bytes(payload[1 : 1 + extra], "big") if extra else payload[0] & 0x1F
    return bytes([payload[0] & 0xE0 | 27]) + number.to_bytes(8, "big") + payload[1 + extra :]


def _as_bignum(payload: bytes) -> bytes:
    """Return an integer of nine bytes as tag 2 or 3 on its eight."""
    if payload[:1] not in (b"\x1b", b"\x3b"):
        return payload
    return bytes([0xC2 + (payload[0] >> 5), 0x48]) + payload[1:]


def _indefinite(payload: bytes) -> bytes:
    return bytes([0x9F]) + payload[1:] + b"\xff" if payload and 0x80 <= payload[0] < 0x98 else payload


#: Name -> change of bytes.
ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "long-head": widen_head,
    "as-bignum": _as_bignum,
    "indefinite": _indefinite,
    "trailing-byte": lambda payload: payload + b"\xf6",
    "cut": lambda payload: payload[:-1],
    "nothing": lambda payload: b"",
    "unknown-tag": lambda payload: b"\xd9\xd9\xf7" + payload,
}
