"""Whether many keys of a dict or set would collide: a hostile peer can choose them so.

Python finds the place of a number by its value alone, and of tuples of numbers too. Who knows that can choose
keys of which each has to be compared with all the others: 40,000 of them stop a process for tens of seconds.
Strings and bytes are safe from this, their hashes have a secret of the process in them.

So before a large dict or set is made, the search for places is gone through without comparing anything, and
given up when it has taken many times as long as it should.

Keys that are containers multiply that: to compare two frozensets of equal hash is to look up the members of
one among those of the other, which may be such frozensets again. So it is added up what comparing takes.

Spec: SE-003, SE-005.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Final

#: So many keys, whatever they are, cost little. The look at them would cost as much.
FEW_KEYS: Final = 256
#: Places that are looked at for each key, on average, before it is called a collision. Random keys need
#: fewer than two; numbers that differ only in their highest bits, the worst of the honest ones, some twenty.
_MOST_PLACES: Final = 40
_MASK: Final = 2**64 - 1
_SHIFT: Final = 5
_SALTED: Final = frozenset({str, bytes})
_CONTAINERS: Final = frozenset({tuple, frozenset})
#: So many comparisons for each value in the keys of a dict or set are taken: what ``FEW_KEYS`` scalars need.
_MOST_COMPARISONS: Final = FEW_KEYS


def collide(keys: Sequence[object]) -> bool:
    """Return whether the keys collide so much that a dict or set of them would take far too long.

    The places are those of CPython's dicts, which search as its sets do, except for a few neighbours that
    sets look at first. The table is assumed to be as small as it can be: what collides in a larger one
    collides in it.

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


def equal_hashes_of_containers(keys: Collection[object]) -> bool:
    """Return whether there are containers and equal hashes among the keys: then ``KeyWork`` must look.

    Raises:
        TypeError: A key cannot be hashed.
    """
    return not _CONTAINERS.isdisjoint(map(type, keys)) and len(set(map(hash, keys))) < len(keys)


class KeyWork:
    """What it takes to compare keys, added up for the frozensets of one item as they are made.

    Threads: for one.
    """

    __slots__ = ("_frozensets",)

    def __init__(self) -> None:
        # By identity (the item that is being decoded holds them): comparisons, values in it.
        self._frozensets: dict[int, tuple[int, int]] = {}

    def too_much(self, keys: Collection[object]) -> bool:
        """Return whether the keys of a dict or set are too many comparisons for the values in them.

        Raises:
            TypeError: A key cannot be hashed.
        """
        work, values = self._add_up(keys)
        return work > _MOST_COMPARISONS * values

    def note(self, made: frozenset[object]) -> None:
        """Remember what comparing a frozenset takes, if it is not one comparison for each member."""
        work, values = self._add_up(made)
        if work != len(made) or values != work:
            self._frozensets[id(made)] = work, values

    def _add_up(self, keys: Collection[object]) -> tuple[int, int]:
        """Each key is compared with all that have its hash."""
        hashes = list(map(hash, keys))
        if len(set(hashes)) == len(hashes) and _CONTAINERS.isdisjoint(map(type, keys)):
            return len(hashes), len(hashes)
        values = 0
        same: dict[int, tuple[int, int]] = {}
        for key, value in zip(keys, hashes, strict=True):
            one_work, one_values = self._of(key)
            values += one_values
            count, work = same.get(value, (0, 0))
            same[value] = count + 1, work + one_work
        return sum([count * work for count, work in same.values()]), values

    def _of(self, key: object) -> tuple[int, int]:
        """Go through tuples, as deep as they are, down to scalars and frozensets."""
        work = values = 0
        pending = [key]
        while pending:
            one = pending.pop()
            one_work = one_values = 1
            if type(one) is tuple:
                pending.extend(one)
            elif type(one) is frozenset:
                one_work, one_values = self._frozensets.get(id(one), (len(one) + 1, len(one) + 1))
            work += one_work
            values += one_values
        return work, values
