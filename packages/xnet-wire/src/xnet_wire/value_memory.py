"""How much memory an item is going to take, found from its bytes before anything is made of them.

Strings take about what they are long. Small values take a multiple: an empty list is one byte here and more
than 70 once it is made. A receiver with a limit asks this for items that could pass it in that way.

Spec: LI-012.
"""

from __future__ import annotations

from sys import getsizeof

from xnet_wire.value_encoding import ARRAY, BYTES, MAP, TAG, TEXT
from xnet_wire.value_types import FROZENSET_TAG, SET_TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: No byte of an item takes more than this: an array in an array is one byte, and takes 80.
MOST_FOR_A_BYTE: Final = 84

#: Rounded from what CPython 3.10 to 3.13 takes on 64 bits, with the place in the container that holds it.
_PLACE_BYTES: Final = 8
_NUMBER_BYTES: Final = 32
_ARRAY_BYTES: Final = 72
_MAP_BYTES: Final = 72
_ENTRIES_BYTES: Final = 128  # of a map or a set that is not empty
_SET_BYTES: Final = 216


def decoded_bytes(payload: bytes | bytearray, most_bytes: int) -> int:
    """Return about how many bytes the item of a payload will take.

    Total: where the payload is malformed it stops, and the decoder will say what is wrong.

    Args:
        payload: The CBOR of one item or of a batch.
        most_bytes: When the sum passes this, there is no need to look further.

    Returns:
        The sum up to where it stopped.
    """
    end = len(payload)
    pos = 0
    total = 0
    while pos < end and total <= most_bytes:
        major = payload[pos] >> 5
        argument = payload[pos] & 31
        pos += 1
        if argument >= 24:
            if argument > 27:
                break
            size = 1 << (argument - 24)
            argument = int.from_bytes(payload[pos : pos + size], "big")
            pos += size
        total += _PLACE_BYTES
        if major in (BYTES, TEXT):
            content = payload[pos : pos + argument]
            pos += argument
            # One character beyond 16 bits makes all of them take four bytes.
            total += getsizeof(
                content if major == BYTES or content.isascii() else content.decode("utf-8", "replace")
            )
        elif major == ARRAY:
            total += _ARRAY_BYTES
        elif major == MAP:
            total += _MAP_BYTES + (_ENTRIES_BYTES if argument else 0)
        elif major == TAG:
            total += _SET_BYTES if argument in (SET_TAG, FROZENSET_TAG) else 0
        else:
            total += _NUMBER_BYTES
    return total
