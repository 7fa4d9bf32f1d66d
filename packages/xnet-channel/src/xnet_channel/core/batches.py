"""How long the items of a CHANNEL_BATCH are, each by itself.

A batch has the same effect as its items in frames of their own, so the item limit holds for each
of them. Only a side whose item limit is below the length of the batch needs to look.

Spec: CH-034, LI-004.
"""

from __future__ import annotations

from xnet_wire.values import read_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_BYTES: Final = 2
_TEXT: Final = 3
_ARRAY: Final = 4
_MAP: Final = 5
_TAG: Final = 6


def longest_item(payload: bytes | bytearray) -> int:
    """Return the length of the longest complete item in the array.

    Total: at a malformed place it stops, and the decoder will report it.

    Args:
        payload: The payload of a CHANNEL_BATCH frame.

    Returns:
        Bytes; 0 without a complete item.
    """
    view = memoryview(payload)
    _, count, position = read_head(view)
    longest = 0
    while count and position < len(view):
        begin = position
        missing = 1  # data items until this item is complete
        while missing:
            major, argument, size = read_head(view[position : position + 9])
            position += size
            if major in (_BYTES, _TEXT):
                position += argument
            elif major == _ARRAY:
                missing += argument
            elif major == _MAP:
                missing += 2 * argument
            elif major == _TAG:
                missing += 1
            missing -= 1
            if not size or position > len(view):
                return longest
        longest = max(longest, position - begin)
        count -= 1
    return longest
