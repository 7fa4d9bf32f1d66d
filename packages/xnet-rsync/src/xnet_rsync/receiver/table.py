"""Tables of the index, and lists of numbers, as bytes. Spec: RS-021, RS-023."""

import struct

from .codes import DIRECTORY, FILE, INCOMPLETE, LINK, MORE, TREE_LINK
from .refusals import must
from .system import as_bytes


def pack_numbers(numbers):
    """Return numbers as bytes, four for each."""
    return as_bytes(struct.pack(">%dI" % len(numbers), *numbers))


def read_table(table):
    """Yield the groups of a table of the index: number of the directory, flags, rows."""
    must(len(table) >= 8, "a table of %d bytes", len(table))
    count, groups = struct.unpack(">II", table[:8])
    must(groups * 12 + count * 19 + 12 <= len(table), "a table of %d entries in %d bytes", count, len(table))
    at = 8
    heads = struct.unpack(">%dI" % (3 * groups), table[at : at + 12 * groups])
    at += 12 * groups
    columns = []
    for letter, width in ("B", 1), ("H", 2), ("Q", 8), ("q", 8):
        columns.append(struct.unpack(">%d%s" % (count, letter), table[at : at + width * count]))
        at += width * count
    kinds, modes, sizes, mtimes = columns
    (length,) = struct.unpack(">I", table[at : at + 4])
    rest = bytes(table[at + 4 :])
    must(length <= len(rest), "a table that is cut off")
    names = rest[:length].split(b"\0") if count else []
    must(len(names) == count, "%d names for %d entries", len(names), count)
    texts = rest[length:].split(b"\0") if len(rest) > length else []
    links = sum(1 for kind in kinds if kind >= LINK)
    must(len(texts) == links and all(texts), "%d texts for %d links", len(texts), links)
    texts = iter(texts)
    must(set(kinds) <= {DIRECTORY, FILE, LINK, TREE_LINK}, "an entry of another kind")
    must(not count or (max(modes) < 0o10000 and max(sizes) < 2**63), "an entry with such permissions or size")
    must(all(kind == FILE or not size for kind, size in zip(kinds, sizes)), "a size of something that is not a file")
    must(not any(flags & MORE for flags in heads[2:-3:3]), "a group of which more follows is not the last")
    start = 0
    for number, size, flags in zip(heads[::3], heads[1::3], heads[2::3]):
        must(flags <= MORE | INCOMPLETE and start + size <= count, "a group of %d entries", size)
        rows = []
        for i in range(start, start + size):
            kind = kinds[i]
            rows.append((names[i], kind, modes[i], sizes[i], mtimes[i], next(texts) if kind >= LINK else None))
        yield number, flags, rows
        start += size
    must(start == count, "a table with %d entries of nothing", count - start)
