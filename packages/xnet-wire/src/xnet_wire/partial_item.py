"""An item that arrives in parts, put together with as little copying as there can be.

Each part is copied once, to the end of one growing buffer; for a large byte string that buffer,
without the head, *is* the item. Nothing is allocated for a length that a head only claims.

Spec: CH-032, VA-021, FR-006.
"""

from __future__ import annotations

from io import BytesIO

from xnet_wire.value_encoding import BYTES
from xnet_wire.values import read_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xnet_wire.values import Buffer, ItemDecoder


class PartialItem:
    """The parts of one item so far.

    Attributes:
        size_bytes: Their length in all.

    Threads: the caller serialises.
    """

    __slots__ = ("_buffer", "_content_bytes", "_head", "size_bytes")

    def __init__(self) -> None:
        self._buffer = BytesIO()
        self._head = b""
        self._content_bytes = -1
        self.size_bytes = 0

    def add(self, part: Buffer) -> None:
        """Append a part."""
        if not self.size_bytes and len(part):
            major, length, size = read_head(part)
            if major == BYTES and size:
                self._head, self._content_bytes = bytes(part[:size]), length
                part = memoryview(part)[size:]
                self.size_bytes = size
        self._buffer.write(part)
        self.size_bytes += len(part)

    def finish(
        self,
        decoder: ItemDecoder,
        last: Buffer,
        strings: tuple[bool, bool],
        check: Callable[[bytes], None] | None = None,
    ) -> Any:
        """Append the last part and decode the item.

        Args:
            decoder: Decodes it.
            last: The last part.
            strings: As for ``ValueDecoder.decode``.
            check: Called with the whole payload before that, unless the item is one byte string. What it
                raises is passed on.

        Raises:
            ValueFormatError: The parts are not the CBOR of one item (the peer's fault).
        """
        self.add(last)
        content = self._buffer.getvalue()
        if len(content) == self._content_bytes:
            return content
        payload = self._head + content if self._head else content
        if check is not None:
            check(payload)
        return decoder.decode(payload, strings)
