"""The destination: its folders by the numbers that the sender gave them, and the files that are wanted in them."""

import errno
import os
import stat
from collections import OrderedDict

from .attributes import mtime_ns
from .codes import WHOLE
from .folder import Folder
from .refusals import must
from .system import OPEN_FOLDERS, READ_FILE

#: How deep a tree may be.
MOST_DEPTH = 2048


class Entry(object):
    """A file that the sender has, and we have not.

    ``bases`` are files that resemble it: pairs of folder and name. ``owner`` is needed for setuid and setgid bits.
    ``state`` says what may come of it, and ``whole`` whether that was said of it.
    """

    __slots__ = ("bases", "folder", "mode", "mtime", "name", "owner", "size", "state", "whole")

    def __init__(self, folder, name, mode, size, mtime, owner):
        self.folder = folder
        self.name = name
        self.mode = mode
        self.owner = owner
        self.size = size
        self.mtime = mtime
        self.bases = []
        self.state = WHOLE
        self.whole = False


class Tree(object):
    """The destination: which folders it has, by the numbers the sender gave them."""

    def __init__(self, root):
        self.root = root
        # number -> (number of the folder around it, name, depth)
        self.places = {}
        self.open = OrderedDict()
        # number -> (permissions, time): of its entry, which it gets when everything else is done
        self.pending = {}
        # number -> (permissions, time): what it had before anything was changed in it
        self.had = {}

    def add(self, number, around, name):
        """Learn of a folder."""
        depth = self.places[around][2] + 1 if around else 1
        must(depth <= MOST_DEPTH, "folders in %d others", depth)
        self.places[number] = (around, name, depth)

    def folder(self, number):
        """Return an open folder. It may be closed by the next call."""
        if number == 0:
            return self.root
        folder = self.open.pop(number, None)
        if folder is None:
            chain = [number]
            while chain[-1] not in self.open and self.places[chain[-1]][0] != 0:
                chain.append(self.places[chain[-1]][0])
            folder = self.open[chain.pop()] if chain[-1] in self.open else self.root
            for inner in reversed(chain):
                folder = self._enter(folder, inner)
                if inner != number:
                    self._keep(inner, folder)
        self._keep(number, folder)
        return folder

    def _enter(self, parent, number):
        name = self.places[number][1]
        try:
            return Folder(name, parent)
        except OSError as error:
            there = parent.maybe_lstat(name)
            if error.errno != errno.EACCES or there is None or not stat.S_ISDIR(there.st_mode):
                raise
            self.had[number] = stat.S_IMODE(there.st_mode), mtime_ns(there)
            os.chmod(parent.prefix + name, 0o700 | stat.S_IMODE(there.st_mode), **parent.options)
            return Folder(name, parent)

    def _keep(self, number, folder):
        self.open[number] = folder
        if len(self.open) > OPEN_FOLDERS:
            self.open.popitem(last=False)[1].close()

    def writable(self, number):
        """Return an open folder in which something is going to change."""
        folder = self.folder(number)
        if number not in self.had:
            there = os.fstat(folder.fd) if folder.fd is not None else os.stat(folder.prefix)
            self.had[number] = stat.S_IMODE(there.st_mode), mtime_ns(there)
            if there.st_mode & 0o700 != 0o700:
                folder.set_own_mode(0o700 | stat.S_IMODE(there.st_mode))
        return folder

    def path(self, number, name=b""):
        """Return a path below the root, for messages."""
        parts = [name] if name else []
        while number in self.places:
            number, name, _ = self.places[number]
            parts.append(name)
        return b"/".join(reversed(parts))

    def settle(self):
        """Give folders the permissions and times of their entries, the inner ones first; yield what fails."""
        for number in sorted(set(self.had) | set(self.pending), reverse=True):
            had = self.had.pop(number, None)
            mode, when = self.pending.pop(number, had)
            try:
                folder = self.folder(number)
                folder.set_own_mode(mode)
                folder.set_own_time(when)
            except OSError as error:
                yield number, error

    def restore(self):
        """Give folders back the permissions that they had: the sync has broken off. Spec: RS-072."""
        for number in sorted(self.had, reverse=True):
            mode, _ = self.had.pop(number)
            try:
                self.folder(number).set_own_mode(mode)
            except OSError:
                pass  # the others get theirs

    def close(self):
        """Let go of all."""
        for folder in self.open.values():
            folder.close()
        self.open.clear()
        self.root.close()

    def maybe_open(self, folder, name):
        """Open a regular file, or return None."""
        try:
            fd = self.folder(folder).open(name, READ_FILE)
        except OSError:
            return None
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        return None
