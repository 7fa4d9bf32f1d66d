"""The index, as it comes, is compared with the destination; what is needed is the answer. Spec: RS-022 to RS-025."""

import errno
import os
import stat
import struct

from .attributes import differs
from .candidates import Candidates
from .case_folding import CaseFolding, folded_names
from .codes import (
    ADJUST,
    CHUNKS,
    DIRECTORY,
    FILE,
    INCOMPLETE,
    MAKE,
    MORE,
    MOST_BYTES,
    SETID,
    WHOLE,
    WORTH_CUTTING_BYTES,
)
from .judge import Judge
from .names import check_names
from .refusals import must
from .system import as_bytes
from .table import pack_numbers, read_table


class Comparison(object):
    """How far the index has come."""

    def __init__(self, sync):
        self.sync = sync
        self.candidates = Candidates(sync)
        self.case = CaseFolding(sync)
        self.judge = Judge(sync, self.candidates)
        self.next_number = 1
        self.last_owned = 0  # the highest number that has an owner
        self.listing = None  # (folder, what is there and was not named yet, names so far, what they mean, flags)
        self.unlisted = set()  # folders whose content has not been listed yet
        self.is_listed = False
        self.broken = set()  # folders that could not be made
        self.extra = []  # (folder, name) of what the sender does not have

    def begin_file(self, name):
        """Begin with the file of this name, which is all there is."""
        kind, mode, size, mtime = self.sync.root
        root = self.sync.tree.root
        there = root.maybe_lstat(name) if root else None
        needs, kinds = [], []
        try:
            self.judge.entry(0, 0, there, needs, kinds, name, kind, mode, size, mtime, None)
        except OSError as error:
            self.sync.problem(0, name, error)
        self.next_number = 0
        self.answer(0, needs, kinds)
        self.next_number = 1

    def begin_folder(self, made):
        """Begin with a folder, and say whether it was (would be) made."""
        _, mode, _, mtime = self.sync.root
        self.unlisted.add(0)
        if made:
            self.judge.fresh.add(0)
            there = None if self.sync.dry else os.stat(self.sync.path)
            self.sync.tree.pending[0] = (self.sync.permitted(0, mode, there), mtime)
            self.sync.would(0, MAKE)
        else:
            there = os.stat(self.sync.path)
            mode = self.sync.permitted(0, mode, there)
            if differs(there, mode, mtime):
                self.sync.tree.pending[0] = (mode, mtime)
                self.sync.would(0, ADJUST)

    def on_owners(self, numbers, users, groups):
        """Learn whose the entries are that have setuid or setgid bits in the next table."""
        for data in numbers, users, groups:
            must(isinstance(data, bytes) and len(data) % 4 == 0 and len(data) == len(numbers), "the owners %.100r", data)
        must(len(numbers) <= MOST_BYTES, "owners of %d entries", len(numbers) // 4)
        numbers, users, groups = [struct.unpack(">%dI" % (len(data) // 4), data) for data in (numbers, users, groups)]
        for number, owner in zip(numbers, zip(users, groups)):
            must(number >= self.next_number, "the owner of %d, which came before", number)
            self.sync.owners[number] = owner
            self.last_owned = max(self.last_owned, number)

    def on_index(self, first, compression, size, table):
        """Compare a table of the sender's tree with what is here, and say what is needed."""
        must(not self.is_listed, "a table after the end of the index")
        must(first == self.next_number, "entries from %r on, expected %d", first, self.next_number)
        must(isinstance(table, bytes), "the table %.100r", table)
        needs, kinds = [], []
        for number, flags, rows in read_table(self.sync.unpack(compression, table, 0, size)):
            must(number in self.unlisted, "entries of %d, which is not a directory or was listed", number)
            self.compare(number, flags, rows, needs, kinds)
        must(self.last_owned < self.next_number, "the owner of %d, which is not in the table", self.last_owned)
        self.answer(first, needs, kinds)

    def answer(self, first, needs, kinds):
        """Say what is needed."""
        for number, kind in zip(needs, kinds):
            self.sync.entries[number].state = kind
        if self.sync.dry:
            numbers, actions = self.sync.plan
            self.sync.plan = ([], [])
            self.sync.say(u"plan", pack_numbers(numbers), as_bytes(bytearray(actions)))
        self.sync.say(u"needs", first, pack_numbers(needs), as_bytes(bytearray(kinds)))

    def compare(self, folder_number, flags, rows, needs, kinds):
        """Compare one folder, or a piece of it."""
        broken = folder_number in self.broken
        if self.listing is not None:
            must(self.listing[0] == folder_number, "the rest of directory %d is missing", self.listing[0])
            _, there, seen, meant, before = self.listing
            flags |= before & INCOMPLETE
        else:
            seen, meant = set(), set()
            there = {}
            if folder_number in self.judge.fresh:
                self.judge.fresh.discard(folder_number)
            elif not broken:
                try:
                    there = self.sync.tree.folder(folder_number).names()
                except OSError as error:
                    broken = True
                    self.broken.add(folder_number)
                    self.sync.problem(folder_number or None, self.sync.tree.path(folder_number), error)
        number = self.next_number
        self.judge.find_unfinished(folder_number, there)
        names = [row[0] for row in rows]
        check_names(names)
        if there and not broken:
            self.case.find_folded(folder_number, names, there)
        must(len(set(names)) == len(names) and seen.isdisjoint(names), "a name comes twice in a directory")
        seen.update(names)
        folded = folded_names(names)
        differ = len(set(folded)) == len(folded) and meant.isdisjoint(folded)
        if differ:
            meant.update(folded)
        for row, meaning in zip(rows, folded):
            name = row[0]
            if row[1] == DIRECTORY:
                self.unlisted.add(number)
            if differ and row[1] == FILE and not row[2] & SETID and self.judge.is_same(there.get(name), row):
                # Most files of most syncs: nothing is to be done, quickly.
                if row[3] >= WORTH_CUTTING_BYTES:
                    self.candidates.remember(folder_number, name, there[name])
                del there[name]
                number += 1
                continue
            try:
                if not differ:
                    if meaning in meant and self.case.folds(folder_number):
                        raise OSError(errno.EEXIST, "another name of the sender means the same here")
                    meant.add(meaning)
                if not broken:
                    self.judge.entry(number, folder_number, there.pop(name, None), needs, kinds, *row)
                elif row[1] == DIRECTORY:
                    self.broken.add(number)
            except OSError as error:
                if row[1] == DIRECTORY:
                    self.broken.add(number)
                self.sync.problem(number, self.sync.tree.path(folder_number, name), error)
            number += 1
        self.next_number = number
        self.sync.alive()
        if flags & MORE:
            self.listing = (folder_number, there, seen, meant, flags)
            return
        self.listing = None
        self.unlisted.discard(folder_number)
        if not flags & INCOMPLETE:
            for name, found in there.items():
                self.extra.append((folder_number, name, stat.S_ISDIR(found.st_mode)))
                self.candidates.remember(folder_number, name, found)

    def on_listed(self):
        """The index is complete: judge what could not be judged before. Spec: RS-025."""
        must(not self.is_listed and not self.unlisted, "the end of the index before all directories")
        self.is_listed = True
        needs, kinds = [], []
        if self.judge.later:
            self.candidates.look_into_extra({self.sync.entries[number].size for number in self.judge.later}, self.extra)
        for number in self.judge.later:
            entry = self.sync.entries[number]
            entry.bases = self.candidates.like(entry.size)
            needs.append(number)
            kinds.append(CHUNKS if entry.bases else WHOLE)
        self.judge.later = []
        self.candidates.sizes = {}
        self.answer(self.next_number, needs, kinds)
