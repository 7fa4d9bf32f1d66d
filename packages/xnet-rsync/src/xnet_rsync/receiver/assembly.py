"""A file that is put together from chunks that are there and those that arrive. Spec: RS-053, RS-054."""

from .chunk_search import HOLE, ITSELF, MISSING
from .file_data import read_at
from .later import load_sha256, loading
from .refusals import must
from .system import READ_BYTES, part
from .unfinished import UnfinishedFile

with loading():
    import os
    import struct


class Assembly(UnfinishedFile):
    """A file that is put together from chunks of others and what arrives."""

    def __init__(self, folder, entry, records, files, alive):
        UnfinishedFile.__init__(self, folder, entry)
        sha256 = load_sha256()
        self.records = records
        self.files = files  # descriptors
        self.alive = alive
        self.digest = sha256()
        self.next = 0  # the record that is written next
        self.inside = None  # digest of the chunk of which only the beginning has come
        self.sha256 = sha256

    def take(self, offset, data):
        """Write chunks that were wanted, after everything before them."""
        records = self.records
        offsets = records.offsets
        start, end = 0, len(data)
        while start < end:
            if self.inside is None:
                self.fill(offset + start)
                must(
                    self.next < len(records.sources) and records.sources[self.next][0] == MISSING
                    and offsets[self.next] == offset + start,
                    "data at %d, where none were wanted", offset + start,
                )
                self.inside = self.sha256()
            else:
                must(offset + start == self.at, "data at %d come after data up to %d", offset + start, self.at)
            size = min(end - start, offsets[self.next + 1] - offset - start)
            piece = part(data, start, size)
            self.put(offset + start, piece)
            self.inside.update(piece)
            start += size
            if self.at == offsets[self.next + 1]:
                self.digest.update(self.inside.digest())
                self.inside = None
                self.next += 1

    def fill(self, end):
        """Write what other files have, up to a record that begins at ``end`` or the first that is missing."""
        records = self.records
        sources, offsets = records.sources, records.offsets
        while self.next < len(sources) and offsets[self.next] < end:
            source, start = sources[self.next]
            if source == MISSING:
                return
            if source == HOLE:
                size = offsets[self.next + 1] - offsets[self.next]
                self.digest.update(struct.pack(">Q", size))
                self.next += 1
                continue
            # As many chunks at once as follow each other in both files.
            first = self.next
            stop = first + 1
            size = records.lengths[first]
            while (
                stop < len(sources) and size < READ_BYTES and offsets[stop] < end
                and sources[stop] == (source, start + size)
            ):
                size += records.lengths[stop]
                stop += 1
            data = read_at(self.fd if source == ITSELF else self.files[source], size, start)
            position = 0
            for number in range(first, stop):
                self.digest.update(self.sha256(part(data, position, records.lengths[number])).digest())
                position += records.lengths[number]
            if source == ITSELF:
                os.lseek(self.fd, offsets[first], os.SEEK_SET)
                self.at = offsets[first]
            self.put(offsets[first], data)
            self.next = stop
            self.alive()

    def complete(self):
        """Write the rest, and compare the digest. Spec: RS-054."""
        self.fill(self.records.offsets[-1])
        must(self.inside is None and self.next == len(self.records.sources), "an end before all that was wanted")
        return self.digest.digest() == self.records.digest

    def close(self):
        """Let go of it and of the others."""
        UnfinishedFile.close(self)
        files, self.files = self.files, {}
        for fd in files.values():
            os.close(fd)
