"""Content arrives, in packs and in pieces, and becomes files. Spec: RS-041 to RS-045."""

import os
import struct

from .attributes import permitted, set_mode, set_time
from .codes import CHANGED, DATA, FIRST, LAST, LISTED, PACK, SETID, WHOLE
from .file_data import write_all
from .names import SMALL
from .refusals import must, must_be_number
from .system import CREATE_FILE, part
from .unfinished import UnfinishedFile, put_in_place


class Arrivals(object):
    """What of the wanted files has come."""

    def __init__(self, sync):
        self.sync = sync
        self.lists = {}  # number -> ChunkSearch whose list is not complete
        self.assembling = {}  # number -> Assembly
        self.arriving = None  # the UnfinishedFile whose pieces come
        self.small = 0  # how many small files were begun

    def is_in_middle(self, number):
        """Return whether pieces of a file have come, but not the last."""
        return self.arriving is not None and self.arriving.number == number

    def on_content(self, message):
        """Take bytes of files."""
        must(not self.sync.dry, "content in a dry run")
        kind = bytearray(message[:1])[0] if message else 0
        if kind == PACK:
            must(len(message) >= 10, "a pack of %d bytes", len(message))
            _, compression, size, count = struct.unpack(">BBII", message[:10])
            must(count * 8 <= size, "a pack of %d files in %d bytes", count, size)
            self.on_pack(count, self.sync.unpack(compression, message, 10, size))
        else:
            must(kind == DATA and len(message) >= 19, "content of the form %d", kind)
            _, compression, flags, number, offset, size = struct.unpack(">BBBIQI", message[:19])
            self.on_data(number, flags, offset, self.sync.unpack(compression, message, 19, size))

    def on_pack(self, count, body):
        """Take whole small files."""
        heads = struct.unpack(">%dI" % (2 * count), body[: 8 * count])
        at = 8 * count
        must(at + sum(heads[1::2]) == len(body), "a pack of %d bytes for other contents", len(body))
        for number, size in zip(heads[::2], heads[1::2]):
            if number in self.sync.failed:
                at += size
                continue
            entry = self.sync.entry_of(number)
            must(size == entry.size, "%d bytes for a file of %d", size, entry.size)
            must(self.arriving is None, "a pack in the middle of another file")
            must(entry.state == WHOLE, "a pack with %d, of which something else is expected", number)
            try:
                self.install_small(entry, part(body, at, size))
            except OSError as error:
                self.fail(number, entry, error)
            else:
                del self.sync.entries[number]
                self.sync.got.append(number)
            at += size
            self.sync.alive()

    def install_small(self, entry, data):
        """Write a small file under another name, and let it become visible."""
        folder = self.sync.tree.writable(entry.folder)
        self.small += 1
        temporary = SMALL + b"%d" % self.small
        fd = folder.open(temporary, CREATE_FILE)
        try:
            try:
                if len(data):
                    write_all(fd, data)
                mode = permitted(entry.mode, entry.owner, os.fstat(fd)) if entry.mode & SETID else entry.mode
                set_mode(fd, mode, folder.prefix + temporary)
                set_time(fd, entry.mtime)
                if self.sync.fsync:
                    os.fsync(fd)
            finally:
                os.close(fd)
            put_in_place(folder, temporary, entry.name)
        except OSError:
            if folder.maybe_lstat(temporary) is not None:
                folder.unlink(temporary)
            raise

    def on_data(self, number, flags, offset, data):
        """Take a piece of a large file."""
        must(flags <= FIRST | LAST, "data with the flags %d", flags)
        if number in self.sync.failed:
            return
        entry = self.sync.entry_of(number)
        must(offset + len(data) <= entry.size, "data beyond the end of %d", number)
        with self.trying(number, entry):
            if flags & FIRST:
                self.start(number, entry)
            must(
                self.arriving is not None and self.arriving.number == number,
                "data of %d without a beginning", number,
            )
            self.arriving.write(offset, data)
            if flags & LAST:
                self.install(number, entry)

    def trying(self, number, entry):
        """Return a context in which an error of the system is a problem of one file."""
        return Trying(self, number, entry)

    def fail(self, number, entry, error):
        """Give up one file, and say why."""
        path = self.sync.tree.path(entry.folder, entry.name)
        try:
            self.forget(number)
        except OSError:
            self.arriving = None
        self.sync.entries.pop(number, None)
        self.sync.failed.add(number)
        self.sync.problem(number, path, error)

    def start(self, number, entry):
        """Begin a file."""
        must(self.arriving is None, "data of %d in the middle of another file", number)
        must(entry.state in (WHOLE, LISTED), "data of %d, of which something else is expected", number)
        self.arriving = self.assembling.pop(number, None)
        if self.arriving is None:
            self.arriving = UnfinishedFile(self.sync.tree.writable(entry.folder), entry)
        self.arriving.number = number

    def install(self, number, entry):
        """End a file: check it, and let it become visible."""
        arriving = self.arriving
        if not arriving.complete():
            self.give_up()
            self.say_whole(number)
            return
        arriving.install(self.sync.tree.writable(entry.folder), entry, self.sync.fsync)
        self.arriving = None
        del self.sync.entries[number]
        self.sync.got.append(number)

    def say_whole(self, number):
        """Ask for the content in full."""
        entry = self.sync.entries[number]
        entry.state, entry.whole, entry.bases = WHOLE, True, []
        self.sync.say(u"whole", number)

    # -- what changes ------------------------------------------------------------------------------

    def on_meta(self, number, mode, size, mtime):
        """A file has changed since the index."""
        if number in self.sync.failed:
            return
        entry = self.sync.entry_of(number)
        must_be_number(mode, 0, 0o7777)
        must_be_number(size, 0, 2**63 - 1)
        must_be_number(mtime, -2**63, 2**63 - 1)
        begun = number in self.lists or entry.state == LISTED or self.is_in_middle(number)
        must(not begun, "news of %d in its middle", number)
        entry.mode, entry.size, entry.mtime = mode, size, mtime
        entry.state = WHOLE

    def on_again(self, number):
        """What was sent of a file is not worth anything: it changed meanwhile."""
        if number not in self.sync.failed:
            self.sync.entry_of(number).state = CHANGED
            self.forget(number)

    def on_skip(self, number):
        """The sender cannot send it."""
        if number not in self.sync.failed:
            self.sync.entry_of(number)
            self.forget(number)
            del self.sync.entries[number]

    def forget(self, number):
        """Let go of what has come of a file."""
        self.lists.pop(number, None)
        if self.is_in_middle(number):
            self.give_up()
        assembling = self.assembling.pop(number, None)
        if assembling is not None:
            assembling.discard(self.sync.tree.writable(self.sync.entries[number].folder))

    def give_up(self, keep=False):
        """Let go of what is not complete."""
        arriving, self.arriving = self.arriving, None
        if arriving is not None:
            arriving.discard(self.sync.tree.writable(self.sync.entries[arriving.number].folder), keep)

    def end(self):
        """Let go of everything that is not complete."""
        for number in list(self.assembling):
            self.forget(number)
        self.give_up(keep=True)

    def close(self):
        """Close what is still open, whatever happened."""
        if self.arriving is not None:
            self.arriving.close()
        for assembling in self.assembling.values():
            assembling.close()


class Trying(object):
    """A context in which an error of the system is a problem of one file, and of nothing else."""

    def __init__(self, arrivals, number, entry):
        self.arrivals = arrivals
        self.number = number
        self.entry = entry

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if not isinstance(error, OSError):
            return False
        self.arrivals.fail(self.number, self.entry, error)
        return True
