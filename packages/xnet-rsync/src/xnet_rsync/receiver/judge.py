"""One entry is compared with what is in its place: done at once if it needs no content. Spec: RS-025 to RS-027."""

import os
import stat

from .attributes import differs, mtime_ns, same_time
from .codes import (
    ADJUST,
    CHUNKS,
    CONVERT,
    DIRECTORY,
    FILE,
    MAKE,
    REPLACE,
    SETID,
    TEMPORARY,
    TREE_LINK,
    WHOLE,
    WORTH_CUTTING_BYTES,
)
from .destination import Entry
from .names import name_mark, temporary_name
from .system import TIMES_OF_LINKS, WINDOWS
from .unfinished import put_in_place


class Judge(object):
    """Says what is needed, and does what needs nothing."""

    def __init__(self, sync, candidates):
        self.sync = sync
        self.candidates = candidates
        self.fresh = set()  # folders that were made by us and so are empty
        self.unfinished = {}  # folder -> names of what earlier syncs left
        self.later = []  # needed files of which it is not clear yet whether something resembles them

    def is_same(self, found, row):
        """Return whether a file is there as the sender has it, and no checksum is asked for."""
        return (
            found is not None and found.st_size == row[3] and found.st_mode == stat.S_IFREG | row[2]
            and mtime_ns(found) == row[4] and not self.sync.checksum
        )

    def find_unfinished(self, folder_number, there):
        """Take what earlier syncs left out of a folder's names."""
        for name in [name for name in there if name.startswith(TEMPORARY)]:
            del there[name]
            self.unfinished.setdefault(folder_number, []).append(name)

    def entry(self, number, around, there, needs, kinds, name, kind, mode, size, mtime, text):
        """Look at one entry: do at once what needs no content, or note that it is needed."""
        tree = self.sync.tree
        if kind == FILE:
            self.judge_file(number, around, there, needs, kinds, name, mode, size, mtime)
        elif kind == DIRECTORY:
            tree.add(number, around, name)
            if there is None or not stat.S_ISDIR(there.st_mode):
                self.sync.would(number, MAKE if there is None else CONVERT)
                if not self.sync.dry:
                    folder = tree.writable(around)
                    if there is not None:
                        folder.unlink(name)
                    folder.mkdir(name)
                    mode = self.sync.permitted(number, mode, folder.maybe_lstat(name) if mode & SETID else None)
                self.fresh.add(number)
                tree.pending[number] = (mode, mtime)
            else:
                mode = self.sync.permitted(number, mode, there)
                if differs(there, mode, mtime):
                    self.sync.would(number, ADJUST)
                    tree.pending[number] = (mode, mtime)
        else:
            if kind == TREE_LINK:
                text = os.path.join(self.sync.path, b"") + text
            self.judge_link(number, around, name, there, text, mtime)

    def judge_file(self, number, around, there, needs, kinds, name, mode, size, mtime):
        """Look at a file: is it the same, and if not, what is there that resembles it?"""
        is_file = there is not None and stat.S_ISREG(there.st_mode)
        if is_file:
            right = self.sync.permitted(number, mode, there)
            if (
                there.st_size == size and same_time(mtime_ns(there), mtime)
                # Nothing lends rights that somebody else may have written: only what we make ourselves.
                and not right & ~there.st_mode & SETID
            ):
                self.candidates.remember(around, name, there)
                stays = not self.sync.checksum or not size
                if stat.S_IMODE(there.st_mode) != right and not WINDOWS:
                    if not self.sync.dry:
                        self.sync.tree.folder(around).adjust(name, right, None)
                    elif stays:
                        self.sync.would(number, ADJUST)
                if stays:
                    return
        self.sync.would(number, MAKE if there is None else REPLACE if is_file else CONVERT)
        entry = self.sync.entries[number] = Entry(around, name, mode, size, mtime, self.sync.owners.get(number))
        if is_file and (self.sync.checksum or (self.sync.delta and min(size, there.st_size) >= WORTH_CUTTING_BYTES)):
            entry.bases.append((around, name))
            self.candidates.remember(around, name, there)
        if around in self.unfinished and size >= WORTH_CUTTING_BYTES:
            mark = TEMPORARY + name_mark(name)
            entry.bases[:0] = [(around, other) for other in self.unfinished[around] if other.startswith(mark)]
        if entry.bases and size:
            needs.append(number)
            kinds.append(CHUNKS)
        elif size < WORTH_CUTTING_BYTES or not self.sync.delta:
            needs.append(number)
            kinds.append(WHOLE)
        else:
            self.later.append(number)

    def judge_link(self, number, around, name, there, text, mtime):
        """Make a link, unless it is there."""
        folder = self.sync.tree.folder(around) if not self.sync.dry or there is not None else None
        is_link = there is not None and stat.S_ISLNK(there.st_mode)
        if is_link and folder.readlink(name) == text:
            if not same_time(mtime_ns(there), mtime) and TIMES_OF_LINKS:
                self.sync.would(number, ADJUST)
                if not self.sync.dry:
                    folder.set_link_time(name, mtime)
            return
        self.sync.would(number, MAKE if there is None else REPLACE if is_link else CONVERT)
        if self.sync.dry:
            return
        folder = self.sync.tree.writable(around)
        temporary = temporary_name(name)
        folder.symlink(text, temporary)
        folder.set_link_time(temporary, mtime)
        put_in_place(folder, temporary, name)
