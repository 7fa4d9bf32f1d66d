"""Whole folders are removed, whatever is in them. Executed when it is first needed, like all that use ``loading``."""

from .folder import Folder
from .later import loading
from .names import temporary_name
from .system import HAS_DIR_FD, OPEN_FOLDERS

with loading():
    import errno
    import os
    import stat


def remove_tree(folder, name):
    """Remove a folder and all in it; links in it are removed, not followed."""
    # Of the open folders the deepest is last; the lists say what is still to be done in each.
    opened = [enter(folder, name)]
    pending = [list(opened[0].names().items())]
    path = [name]
    try:
        while opened:
            inside = opened[-1]
            if not pending[-1]:
                inside.close()
                opened.pop()
                pending.pop()
                (opened[-1] if opened else folder).rmdir(path.pop())
                continue
            entry, there = pending[-1].pop()
            if not stat.S_ISDIR(there.st_mode):
                inside.unlink(entry)
            elif len(opened) == OPEN_FOLDERS and HAS_DIR_FD:
                # Any depth, with a few descriptors: what is deep is moved up, and comes later.
                moved = temporary_name(entry)
                os.rename(entry, moved, src_dir_fd=inside.fd, dst_dir_fd=opened[0].fd)
                pending[0].append((moved, there))
            else:
                deeper = enter(inside, entry)
                opened.append(deeper)
                pending.append(list(deeper.names().items()))
                path.append(entry)
    finally:
        for inside in opened:
            inside.close()


def enter(parent, name):
    """Open a folder whose contents are going to be removed, whatever its permissions are."""
    try:
        folder = Folder(name, parent)
    except OSError as error:
        if error.errno != errno.EACCES:
            raise
        os.chmod(parent.prefix + name, 0o700, **parent.options)
        folder = Folder(name, parent)
    if folder.fd is not None and os.fstat(folder.fd).st_mode & 0o700 != 0o700:
        folder.set_own_mode(0o700)
    return folder
