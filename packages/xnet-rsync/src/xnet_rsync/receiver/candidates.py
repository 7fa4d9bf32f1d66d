"""Files of the destination that one that is needed may be like: those of the same size. Spec: RS-055."""

import stat

from .codes import WORTH_CUTTING_BYTES
from .refusals import Refused

#: How many files of the destination are remembered by their size, and tried for one that is needed.
MOST_REMEMBERED, MOST_TRIED = 100000, 4


class Candidates(object):
    """What is remembered of the files that are there."""

    def __init__(self, sync):
        self.sync = sync
        self.sizes = {}  # size -> (folder, name) of files that are there
        self.remembered = 0

    def remember(self, folder_number, name, found):
        """Remember a file of the destination by its size; one that is needed may be like it."""
        if (
            found.st_size >= WORTH_CUTTING_BYTES and stat.S_ISREG(found.st_mode)
            and self.remembered < MOST_REMEMBERED
        ):
            self.remembered += 1
            self.sizes.setdefault(found.st_size, []).append((folder_number, name))

    def like(self, size):
        """Return some files of a size: pairs of folder and name."""
        return self.sizes.get(size, [])[:MOST_TRIED]

    def look_into_extra(self, sizes, extra):
        """Remember files of these sizes in folders that the sender does not have: they may have been renamed."""
        if self.sync.tree.root is None:
            return
        # Such a folder gets a number of its own, so that its files can be opened like others.
        number = 2**32
        waiting = [(around, name) for around, name, is_folder in extra if is_folder]
        while waiting and self.remembered < MOST_REMEMBERED:
            around, name = waiting.pop()
            number += 1
            try:
                self.sync.tree.add(number, around, name)
                inside = self.sync.tree.folder(number).names()
            except (OSError, Refused):
                continue
            self.sync.alive()
            for inner, there in inside.items():
                if stat.S_ISDIR(there.st_mode):
                    waiting.append((number, inner))
                elif there.st_size in sizes:
                    self.remember(number, inner, there)
