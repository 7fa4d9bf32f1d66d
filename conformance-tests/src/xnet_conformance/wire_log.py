"""What travelled between runner and testee, with times: the evidence that a report shows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.cbor_reading import NotAValue, read_value
from xnet_conformance.specification import error_name
from xnet_conformance.values import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from xnet_conformance.frames import Frame
    from xnet_conformance.values import Value

#: Bytes of one entry that are kept. A log of large items would be larger than the report.
KEPT_BYTES: Final = 256
#: Entries that are kept: the first half and the last.
KEPT_ENTRIES: Final = 400
_CBOR: Final = frozenset(
    {
        "HELLO",
        "CHANNEL_EXEC",
        "CHANNEL_DATA",
        "CHANNEL_CLOSE_ERROR",
        "CHANNEL_CREDIT",
        "CHANNEL_BATCH",
        "RECONFIGURE",
        "GOAWAY",
    }
)


@attrs.define
class Entry:
    """One frame, piece of raw bytes or remark."""

    seconds: float
    way: str
    what: str
    hex: str
    bytes: int

    def as_json(self) -> dict[str, Any]:
        """Return it for a report."""
        return {
            "ms": round(self.seconds * 1000, 2),
            "way": self.way,
            "what": self.what,
            "hex": self.hex,
            "bytes": self.bytes,
        }


class WireLog:
    """Entries in order; the middle of a very long one is left out.

    Args:
        read: Decodes payloads.
    """

    def __init__(self, read: Callable[[bytes], Value] = read_value) -> None:
        self._read = read
        self.clear()

    def clear(self) -> None:
        """Forget everything; times start again."""
        self.started = time.monotonic()
        self._first: list[Entry] = []
        self._last: list[Entry] = []
        self.left_out = 0

    def frame(self, way: str, frame: Frame) -> None:
        """Note a frame; `way` is "sent" or "received" as the runner sees it."""
        self._add(
            Entry(
                self._now(),
                way,
                describe_frame(frame, self._read),
                frame.encode()[:KEPT_BYTES].hex(),
                9 + len(frame.payload),
            )
        )

    def raw(self, way: str, data: bytes, what: str) -> None:
        """Note bytes that are not a frame."""
        self._add(Entry(self._now(), way, what, data[:KEPT_BYTES].hex(), len(data)))

    def remark(self, what: str) -> None:
        """Note something that is not on the wire."""
        self._add(Entry(self._now(), "note", what, "", 0))

    def entries(self) -> list[Entry]:
        """Return what was kept."""
        if not self.left_out:
            return self._first + self._last
        gap = Entry(self._last[0].seconds, "note", f"... {self.left_out} entries left out ...", "", 0)
        return [*self._first, gap, *self._last]

    def _now(self) -> float:
        return time.monotonic() - self.started

    def _add(self, entry: Entry) -> None:
        if len(self._first) < KEPT_ENTRIES // 2:
            self._first.append(entry)
            return
        self._last.append(entry)
        if len(self._last) > KEPT_ENTRIES // 2:
            del self._last[0]
            self.left_out += 1


def describe_frame(frame: Frame, read: Callable[[bytes], Value] = read_value) -> str:
    """Return name, channel and decoded payload of a frame."""
    text = f"{frame.name} {frame.channel}"
    if not frame.payload:
        return text
    if frame.name in _CBOR and len(frame.payload) <= 100_000:
        try:
            value = read(frame.payload)
        except NotAValue as error:
            return f"{text} (not a value: {error})"
        if frame.name == "GOAWAY" and value.kind == "dict":
            code = next((item.content for key, item in value.content if key.content == "code"), None)
            if isinstance(code, int):
                text += f" [{error_name(code)}]"
        return f"{text} {describe(value, 400)}"
    return f"{text} ({len(frame.payload)} bytes)"
