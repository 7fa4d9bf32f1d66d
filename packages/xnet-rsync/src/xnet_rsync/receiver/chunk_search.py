"""A list of chunks, and the search for them in files that are there. Spec: RS-052 to RS-054."""

from .codes import MOST_RECORDS_AT_ONCE
from .cuts import LEVELS, cut
from .file_data import data_ranges, read_at
from .later import load_sha256, loading
from .refusals import must
from .system import READ_BYTES, part

with loading():
    import binascii
    import struct

#: How much is read at first, where it may turn out soon that it was of no use.
FIRST_READ_BYTES = 32768
#: How many chunks that follow each other may be others than in the list, until cuts are looked for.
MOST_MISSED = 4
#: Where a chunk comes from, if not from a file that is there.
MISSING, HOLE, ITSELF = -1, -2, -3


class ChunkSearch(object):
    """The chunks that a sender's list names, and where each of them can be taken from."""

    def __init__(self, level):
        self.level = level
        self.lengths = []
        self.marks = []
        self.digest = None

    def add(self, table):
        """Add what a message has of it; return how many records."""
        must(len(table) >= 4, "a list of %d bytes", len(table))
        (count,) = struct.unpack(">I", table[:4])
        must(count <= MOST_RECORDS_AT_ONCE and len(table) == 4 + 10 * count, "a list of %d records", count)
        self.lengths.extend(struct.unpack(">%dI" % count, table[4 : 4 + 4 * count]))
        marks = bytes(table[4 + 4 * count :])
        self.marks.extend([marks[at : at + 6] for at in range(0, len(marks), 6)])
        return count

    def arrange(self, size):
        """Find the offset of each record, once all are there."""
        must(self.lengths or not size, "an empty list for %d bytes", size)
        most = 4 * LEVELS[self.level][1]
        self.offsets = []
        self.sources = []  # (file, offset) of each
        self.wanted = {}  # mark -> the first record that has it and no source
        at = 0
        for number, length in enumerate(self.lengths):
            self.offsets.append(at)
            mark = self.marks[number]
            if not length:
                at += int(binascii.hexlify(mark), 16)
                self.sources.append((HOLE, 0))
                continue
            must(length <= most, "a chunk of %d bytes", length)
            at += length
            first = self.wanted.setdefault(mark, number)
            # What comes twice in the file is wanted once.
            twice = first != number and self.lengths[first] == length
            self.sources.append((ITSELF, self.offsets[first]) if twice else (MISSING, 0))
        self.offsets.append(at)
        must(at == size, "a list for %d bytes of a file of %d", at, size)

    def match(self, file, fd, there, digest, alive):
        """Find chunks in a file that is there; return whether it has the same content in all."""
        sha256 = load_sha256()
        whole = sha256()
        skipped = []  # pairs of start and end
        same = True
        size = there.st_size
        at = number = 0  # number: the record that comes next if nothing has changed
        for start, end in data_ranges(fd, size, getattr(there, "st_blocks", None)):
            if start != at:
                whole.update(struct.pack(">Q", start - at))
                number += 1
            at = start
            while at < end:
                at, number = self.follow(file, fd, at, end, number, whole, skipped, alive)
                if at < end:
                    same = False
                    if not self.wanted:
                        return False
                    at, number = self.find(file, fd, at, end, number, alive)
        if at != size:
            whole.update(struct.pack(">Q", size - at))
        if same and not skipped:
            return number == len(self.lengths) - (at != size) and whole.digest() == digest
        for start, end in skipped:
            while start < end and self.wanted:
                start, _ = self.find(file, fd, start, end, 0, alive)
        return False

    def follow(self, file, fd, at, end, number, whole, skipped, alive):
        """Take chunks from a file that follow each other there as in the list.

        A difference at one place does not matter: after it, the chunks are looked for as far from each other
        as the list has them. So there is no need to look for cuts where nothing was inserted or removed.

        Args:
            file: What it is called in ``sources``.
            fd: Its descriptor.
            at: Where the first is; the last cut of the file, or the start of a range.
            end: Of the range.
            number: Of the first.
            whole: What all of the file is added to.
            skipped: Where what was not as in the list is added to.
            alive: Called once in a while.

        Returns:
            Where the first is that does not belong there, and the number of the record that was expected.
        """
        sha256 = load_sha256()
        wanted, sources, lengths, marks = self.wanted, self.sources, self.lengths, self.marks
        data, origin, step = b"", at, FIRST_READ_BYTES
        missed = 0  # one after the other
        back = at, number  # where they began
        while number < len(lengths) and 0 < lengths[number] <= end - at:
            length = lengths[number]
            if at + length > origin + len(data):
                data, origin = read_at(fd, min(max(step, length), end - at), at), at
                step = min(2 * step, READ_BYTES)
                alive()
            marked = sha256(part(data, at - origin, length)).digest()
            mark = marked[:6]
            if mark == marks[number]:
                if missed:
                    skipped.append((back[0], at))
                    missed = 0
                whole.update(marked)
                if wanted.get(mark) == number:
                    sources[number] = file, at
                    del wanted[mark]
            else:
                if not missed:
                    back = at, number
                missed += 1
                if missed > MOST_MISSED:
                    break
            at += length
            number += 1
        return back if missed else (at, number)

    def find(self, file, fd, at, end, number, alive):
        """Find the next chunk of a file that is wanted.

        Args:
            file: What it is called in ``sources``.
            fd: Its descriptor.
            at: Where to begin, as for ``follow``.
            end: Of the range.
            number: Of the record that was expected.
            alive: Called once in a while.

        Returns:
            Where it ends, and the number of the record after it; ``end`` and ``number`` if there is none.
        """
        sha256 = load_sha256()
        def read(size, offset):
            return read_at(fd, size, offset)

        wanted, lengths = self.wanted, self.lengths
        for offset, chunk in cut(read, at, end, self.level, FIRST_READ_BYTES):
            mark = sha256(chunk).digest()[:6]
            found = wanted.get(mark)
            if found is not None and lengths[found] == len(chunk):
                self.sources[found] = file, offset
                del wanted[mark]
                return offset + len(chunk), found + 1
            alive()
        return end, number

    def missing(self):
        """Return pairs of first record and count, of what no file has."""
        ranges = []
        for number, (source, _) in enumerate(self.sources):
            if source == MISSING:
                if ranges and ranges[-1][0] + ranges[-1][1] == number:
                    ranges[-1][1] += 1
                else:
                    ranges.append([number, 1])
        return ranges
