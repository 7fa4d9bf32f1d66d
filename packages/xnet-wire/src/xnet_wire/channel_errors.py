"""The payload of CHANNEL_CLOSE_ERROR: what went wrong on a channel, for people and for programs.

Spec: CH-041 to CH-043, CH-047, CH-048.
"""

from __future__ import annotations

from xnet_wire import codes
from xnet_wire.errors import WireError
from xnet_wire.item_path import short_repr
from xnet_wire.limits import CHANNEL_ERROR_BYTES
from xnet_wire.payloads import cut_text, decode_map, is_text, is_uint
from xnet_wire.values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    Buffer = bytes | bytearray | memoryview
    #: File, line (0 if it is not known) and function of one call.
    Frame = tuple[str, int, str]

# The words of the registry. A peer may send others, which count as ERROR.
ERROR: Final = "error"
INTERRUPTED: Final = "interrupted"
CANCELLED: Final = "cancelled"
BUSY: Final = "busy"
TERMINATING: Final = "terminating"
REFUSED: Final = "refused"
LIMIT: Final = "limit"

CODES: Final = (ERROR, INTERRUPTED, CANCELLED, BUSY, TERMINATING, REFUSED, LIMIT)

#: What a type and a message take at most; text and frames get the rest.
MOST_TYPE_BYTES: Final = 1_024
MOST_MESSAGE_BYTES: Final = 16_384
#: Keys, heads of strings and of the list.
_OVERHEAD_BYTES: Final = 64
#: Heads of a frame's list, its texts and its number.
_FRAME_OVERHEAD_BYTES: Final = 20


class ChannelError:
    """What one side tells the other when it closes a channel with an error.

    Attributes:
        text: For people, complete.
        code: What happened, one of ``CODES``, or a word that a newer peer knows.
        type: Class of the error in the language of the side that failed, or None.
        message: What the error says of itself, or None.
        frames: The calls that led to it, outermost first.
    """

    __slots__ = ("code", "frames", "message", "text", "type")

    def __init__(
        self,
        text: str,
        code: str = ERROR,
        type: str | None = None,
        message: str | None = None,
        frames: Sequence[Frame] = (),
    ) -> None:
        self.text = text
        self.code = code
        self.type = type
        self.message = message
        self.frames: tuple[Frame, ...] = tuple(frames)

    def __eq__(self, other: object) -> bool:
        """Compare all parts."""
        return isinstance(other, ChannelError) and self._parts() == other._parts()

    def __hash__(self) -> int:
        """Hash all parts."""
        return hash(self._parts())

    def _parts(self) -> tuple[object, ...]:
        return self.text, self.code, self.type, self.message, self.frames

    def __repr__(self) -> str:
        """Show what a program compares."""
        return f"<ChannelError {self.code} {self.type or ''} {short_repr(self.text)}>"


def encode_channel_error(error: ChannelError) -> bytes:
    """Return the payload of a CHANNEL_CLOSE_ERROR; what is too long is left out or cut. Spec: CH-042."""
    content: dict[str, Any] = {"text": "", "code": cut_text(error.code, MOST_TYPE_BYTES)}
    room_bytes = CHANNEL_ERROR_BYTES - _OVERHEAD_BYTES - len(content["code"].encode())
    for key, value, most_bytes in (
        ("type", error.type, MOST_TYPE_BYTES),
        ("message", error.message, MOST_MESSAGE_BYTES),
    ):
        if value is not None:
            content[key] = cut_text(value, most_bytes)
            room_bytes -= len(content[key].encode())
    content["text"] = cut_text(error.text, room_bytes)
    if error.frames:
        content["frames"] = _frames_for(error.frames, room_bytes - len(content["text"].encode()))
    return encode(content)


def decode_channel_error(payload: Buffer) -> ChannelError:
    """Check and return why the peer closed a channel.

    Raises:
        WireError: The peer sent something else, or too much (PAYLOAD_MALFORMED).
    """
    code = codes.PAYLOAD_MALFORMED
    if len(payload) > CHANNEL_ERROR_BYTES:
        raise WireError(
            code, f"CHANNEL_CLOSE_ERROR has {len(payload)} bytes, at most {CHANNEL_ERROR_BYTES} are allowed."
        )
    content = decode_map(payload, "CHANNEL_CLOSE_ERROR", code)
    for key in ("text", "code", "type", "message"):
        if not is_text(content.get(key, None if key in ("text", "code") else "")):
            raise WireError(
                code, f'"{key}" in CHANNEL_CLOSE_ERROR is {short_repr(content.get(key))}, expected a text.'
            )
    frames = content.get("frames", [])
    if type(frames) is not list or not all(map(_is_frame, frames)):
        raise WireError(code, '"frames" in CHANNEL_CLOSE_ERROR is not a list of [file, line, function].')
    return ChannelError(
        content["text"], content["code"], content.get("type"), content.get("message"), [*map(tuple, frames)]
    )


def _is_frame(value: object) -> bool:
    return (
        type(value) is list
        and len(value) == 3
        and is_text(value[0])
        and is_uint(value[1])
        and is_text(value[2])
    )


def _frames_for(frames: Sequence[Frame], room_bytes: int) -> list[list[Any]]:
    """Return the frames for which there is room, without some in the middle; the last ones say most."""
    begin, end = 0, len(frames)
    outer: list[list[Any]] = []
    inner: list[list[Any]] = []
    while begin < end:
        takes_inner = len(inner) <= len(outer)
        file, line, function = frames[end - 1] if takes_inner else frames[begin]
        file, function = (text.encode("utf-8", "replace").decode() for text in (file, function))
        room_bytes -= len(file.encode()) + len(function.encode()) + _FRAME_OVERHEAD_BYTES
        if room_bytes < 0:
            break
        (inner if takes_inner else outer).append([file, line, function])
        begin, end = (begin, end - 1) if takes_inner else (begin + 1, end)
    return outer + inner[::-1]
