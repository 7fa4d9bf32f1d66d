"""Content that is here already: lists of chunks, of which the missing ones are wanted, and copies. Spec: RS-053, RS-061."""

from .assembly import Assembly
from .chunk_search import ChunkSearch
from .codes import CHUNKS, LISTED, MOST_LISTS, MOST_RECORDS, SETID, WHOLE
from .cuts import LEVELS
from .file_data import read_at
from .later import load_sha256, loading
from .names import check_name
from .refusals import must, must_be_number
from .system import READ_BYTES, as_bytes
from .table import pack_numbers

with loading():
    import os


class Reuse(object):
    """What of the wanted files can be taken from those that are here."""

    def __init__(self, sync, arrivals):
        self.sync = sync
        self.arrivals = arrivals

    def on_chunks(self, number, level, first, compression, size, table, digest):
        """Take a piece of a list of chunks; when it is complete, look what is here of it."""
        if number in self.sync.failed:
            return
        entry = self.sync.entry_of(number)
        must(isinstance(table, bytes), "the table %.100r", table)
        must_be_number(level, 0, len(LEVELS) - 1)
        must(entry.state == CHUNKS, "a list of %d, of which something else is expected", number)
        if first == 0:
            must(not self.arrivals.lists, "a list of %d in the middle of another, or a second one", number)
            must(len(self.waiting_lists()) < MOST_LISTS, "more than %d lists", MOST_LISTS)
            self.arrivals.lists[number] = ChunkSearch(level)
        records = self.arrivals.lists.get(number)
        must(
            records is not None and records.level == level and first == len(records.lengths),
            "a piece of a list of %d that does not follow", number,
        )
        records.add(self.sync.unpack(compression, table, 0, size))
        waiting = self.waiting_lists()
        must(len(waiting) == 1 or sum(len(one.lengths) for one in waiting) <= MOST_RECORDS, "too many records")
        if digest is None:
            return
        must(isinstance(digest, bytes) and len(digest) == 32, "the digest %.100r", digest)
        records.digest = digest
        records.arrange(entry.size)
        entry.state = LISTED
        del self.arrivals.lists[number]
        with self.arrivals.trying(number, entry):
            self.assemble(number, entry, records)

    def waiting_lists(self):
        """Return the lists that came and whose files are not complete. Spec: RS-052."""
        assembling = list(self.arrivals.assembling.values()) + [self.arrivals.arriving]
        return list(self.arrivals.lists.values()) + [one.records for one in assembling if isinstance(one, Assembly)]

    def assemble(self, number, entry, records):
        """Look for chunks in what is here, and say which are missing."""
        files = {}
        try:
            for place in entry.bases:
                fd = self.sync.tree.maybe_open(*place)
                if fd is None:
                    continue
                files[len(files)] = fd
                there = os.fstat(fd)
                same = records.match(len(files) - 1, fd, there, records.digest, self.sync.alive)
                if same and place == (entry.folder, entry.name) and not entry.mode & SETID:
                    self.sync.say(u"want", number, as_bytes(b""))
                    self.sync.tree.folder(entry.folder).adjust(entry.name, entry.mode, entry.mtime)
                    del self.sync.entries[number]
                    self.sync.got.append(number)
                    return
                if not records.wanted:
                    break
            assembling = Assembly(self.sync.tree.writable(entry.folder), entry, records, files, self.sync.alive)
            assembling.number = number
            files = {}
        finally:
            for fd in files.values():
                os.close(fd)
        missing = records.missing()
        records.wanted = None
        self.arrivals.assembling[number] = assembling
        flat = [value for pair in missing for value in pair]
        self.sync.say(u"want", number, pack_numbers(flat))
        if not missing:
            self.arrivals.arriving, waiting = self.arrivals.assembling.pop(number), self.arrivals.arriving
            try:
                self.arrivals.install(number, entry)
            finally:
                if self.arrivals.arriving is None:
                    self.arrivals.arriving = waiting

    def on_copy(self, number, folder, name, digest):
        """Copy a file that was sent before. Spec: RS-061."""
        if number in self.sync.failed:
            return
        sha256 = load_sha256()
        entry = self.sync.entry_of(number)
        must_be_number(folder)
        must(isinstance(name, bytes), "the name %.100r", name)
        check_name(name)
        must(folder == 0 or folder in self.sync.tree.places, "a file in %d, which is not a directory", folder)
        must(isinstance(digest, bytes) and len(digest) == 32, "the digest %.100r", digest)
        must(self.arrivals.arriving is None, "a copy in the middle of another file")
        must(entry.state == WHOLE and not entry.whole, "a copy of %d, of which something else is expected", number)
        fd = self.sync.tree.maybe_open(folder, name)
        if fd is None:
            self.arrivals.say_whole(number)
            return
        computed = sha256()
        try:
            with self.arrivals.trying(number, entry):
                self.arrivals.start(number, entry)
                at = 0
                data = read_at(fd, READ_BYTES, 0)
                while data and at <= entry.size:
                    computed.update(data)
                    self.arrivals.arriving.put(at, data)
                    at += len(data)
                    self.sync.alive()
                    data = read_at(fd, READ_BYTES, at)
                if at == entry.size and computed.digest() == digest:
                    self.arrivals.install(number, entry)
                else:
                    self.arrivals.give_up()
                    self.arrivals.say_whole(number)
        finally:
            os.close(fd)
