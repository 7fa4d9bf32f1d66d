"""What control payloads share: one value, checked step by step, and texts that are not too long.

Spec: FR-009, FR-015.
"""

from __future__ import annotations

from xnet_wire.errors import ValueFormatError, WireError
from xnet_wire.item_path import short_repr
from xnet_wire.limits import CONTROL_DEPTH
from xnet_wire.values import ValueDecoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    Buffer = bytes | bytearray | memoryview

#: Control payloads are decoded with the default flags, their own depth, and without channels.
#: Spec: VA-031, FR-015, GW-002.
_decoder: Final = ValueDecoder(max_depth=CONTROL_DEPTH)


def decode_payload(payload: Buffer, frame: str, code: int) -> Any:
    """Decode the one value that a payload carries."""
    try:
        return _decoder.decode(payload)
    except ValueFormatError as error:
        raise WireError(code, f"The payload of {frame} is malformed. {error}") from None


def decode_map(payload: Buffer, frame: str, code: int) -> dict[str, Any]:
    """Decode the map that a payload carries."""
    content = decode_payload(payload, frame, code)
    check_text_map(content, frame, code)
    return content  # type: ignore[no-any-return]


def check_text_map(content: Any, what: str, code: int) -> None:
    """Check that something is a map from texts."""
    if type(content) is not dict:
        raise WireError(code, f"{what} is {short_repr(content)}, expected a map.")
    for key in content:
        if not is_text(key):
            raise WireError(code, f"{what} has a key {short_repr(key)}, expected texts as keys.")


def take(content: dict[Any, Any], key: str, frame: str, code: int) -> Any:
    """Return what a map must have."""
    if key not in content:
        raise WireError(code, f'{frame} has no "{key}".')
    return content[key]


def is_text(value: object) -> bool:
    """Tell whether a value is a text that can be shown and written anywhere: one without surrogates.

    These are values in items; where a rule says text, the reader need not expect them (FR-019).
    """
    if type(value) is not str:
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def is_uint(value: object) -> bool:
    """Tell whether a value is an unsigned integer of at most 64 bits; True is not one."""
    return type(value) is int and 0 <= value < 2**64


def cut_text(text: str, limit_bytes: int) -> str:
    """Return the text in at most ``limit_bytes`` of UTF-8, saying so where it was cut.

    The end of an error text says more than its middle, so both ends are kept. A lone surrogate,
    which UTF-8 cannot carry, arrives as a question mark.
    """
    data = str.encode(text, "utf-8", "replace")  # not what a class of the code's makes of it
    if len(data) <= limit_bytes:
        return data.decode()
    note = f"\n[... cut here: the whole text has {len(data)} bytes, {limit_bytes} can be sent ...]\n"
    room = (limit_bytes - len(note)) // 2
    return data[:room].decode("utf-8", "ignore") + note + data[-room:].decode("utf-8", "ignore")
