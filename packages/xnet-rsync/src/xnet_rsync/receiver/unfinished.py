"""A file while it arrives: under another name, which only its owner can read. Spec: RS-036, RS-038."""

import os
import stat

from . import removal
from .attributes import permitted, set_mode, set_time
from .file_data import write_all
from .names import temporary_name
from .refusals import must
from .system import CREATE_FILE, fcntl

#: Less than this of an unfinished file is not kept for the next time.
WORTH_KEEPING_BYTES = 65536


def put_in_place(folder, temporary, name):
    """Let something become visible under its name, in the place of whatever was there."""
    try:
        folder.rename(temporary, name)
    except OSError:
        there = folder.maybe_lstat(name)
        if there is None or not stat.S_ISDIR(there.st_mode):
            raise
        removal.remove_tree(folder, name)
        folder.rename(temporary, name)


class UnfinishedFile(object):
    """A file that is being written under another name."""

    def __init__(self, folder, entry):
        self.number = None
        self.temporary = temporary_name(entry.name)
        self.fd = folder.open(self.temporary, CREATE_FILE)
        self.at = 0
        self.end = 0  # of the last piece that came
        if fcntl is not None:
            try:
                # So that another sync into the same place sees that somebody is at work on it.
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (IOError, OSError):
                pass

    def write(self, offset, data):
        """Take a piece, which comes after all others. Spec: RS-042."""
        must(offset >= self.end, "data at %d come after data up to %d", offset, self.end)
        self.end = offset + len(data)
        self.take(offset, data)

    def take(self, offset, data):
        """Write a piece; what was left out before it is a hole."""
        self.put(offset, data)

    def put(self, offset, data):
        """Write at a place."""
        if offset != self.at:
            os.lseek(self.fd, offset, os.SEEK_SET)
        if len(data):
            write_all(self.fd, data)
        self.at = offset + len(data)

    def complete(self):
        """Check what is there, once all has come; return whether it is right."""
        return True

    def install(self, folder, entry, fsync):
        """Give it its permissions, its time and its name, at once."""
        if self.at != entry.size:
            os.ftruncate(self.fd, entry.size)
        set_mode(self.fd, permitted(entry.mode, entry.owner, os.fstat(self.fd)), folder.prefix + self.temporary)
        set_time(self.fd, entry.mtime)
        if fsync:
            os.fsync(self.fd)
        self.close()
        put_in_place(folder, self.temporary, entry.name)

    def close(self):
        """Let go of it."""
        fd, self.fd = self.fd, None
        if fd is not None:
            os.close(fd)

    def discard(self, folder, keep=False):
        """Give it up, unless so much has arrived that the next run will be glad of it."""
        self.close()
        if not keep or self.at < WORTH_KEEPING_BYTES:
            folder.unlink(self.temporary)
