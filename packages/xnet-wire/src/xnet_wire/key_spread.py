"""Whether many keys of a dict or set would collide: a hostile peer can choose them so.

Python finds the place of a number by its value alone, and of tuples of numbers too. Who knows that can choose
keys of which each has to be compared with all the others: 40,000 of them stop a process for tens of seconds.
Strings and bytes are safe from this, their hashes have a secret of the process in them.

So before a large dict or set is made, the search for places is gone through without comparing anything, and
given up when it has taken many times as long as it should.

Spec: SE-003.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

#: So many keys, whatever they are, cost little. The look at them would cost as much.
FEW_KEYS: Final = 256
#: Places that are looked at for each key, on average, before it is called a collision. Random keys need
#: fewer than two; numbers that differ only in their highest bits, the worst of the honest ones, some twenty.
_MOST_PLACES: Final = 40
_MASK: Final = 2**64 - 1
_SHIFT: Final = 5
_SALTED: Final = frozenset({str, bytes})


def collide(keys: Sequence[object]) -> bool:
    """Return whether the keys collide so much that a dict or set of them would take far too long.

    The places are those of CPython's dicts, which search as its sets do but for a few neighbours that sets
    look at first. The table is taken for as small as it can be: what collides in a larger one collides in it.

    Raises:
        TypeError: A key cannot be hashed.
    """
    hashes = [hash(key) for key in keys if type(key) not in _SALTED]
    if len(hashes) <= FEW_KEYS:
        return False
    mask = (1 << (len(hashes) * 3 // 2).bit_length()) - 1
    taken = bytearray(mask + 1)
    left = _MOST_PLACES * len(hashes)
    for value in hashes:
        perturb = value & _MASK
        place = perturb & mask
        while taken[place]:
            left -= 1
            if not left:
                return True
            perturb >>= _SHIFT
            place = (place * 5 + perturb + 1) & mask
        taken[place] = 1
    return False
