"""At the end, what the sender does not have is removed, and what earlier syncs left. Spec: RS-037, RS-071, RS-074."""

from .codes import REMOVED_BYTES
from .later import loading
from .refusals import must
from .removal import remove_tree
from .system import as_bytes, fcntl

with loading():
    import os
    import stat


def remove_extra(sync, extra):
    """Remove what is in directories of the index and is no entry, and say so.

    Args:
        sync: It may be dry: then only what is said differs from nothing.
        extra: Numbers of directories, names in them, and whether each is a directory itself.
    """
    removed, size = [], 0
    for around, name, is_folder in extra:
        path = sync.tree.path(around, name)
        try:
            if not sync.dry:
                remove(sync, around, name, is_folder)
        except OSError as error:
            sync.problem(None, path, error)
            continue
        if removed and size + len(path) > REMOVED_BYTES:
            sync.say(u"removed", as_bytes(b"\0".join(removed)))
            removed, size = [], 0
        removed.append(path)
        size += len(path) + 1
    if removed:
        sync.say(u"removed", as_bytes(b"\0".join(removed)))


def remove(sync, around, name, is_folder):
    """Remove what the sender does not have."""
    folder = sync.tree.writable(around)
    there = folder.maybe_lstat(name)
    if there is not None and stat.S_ISDIR(there.st_mode):
        must(is_folder, "%r has become a directory", name)
        remove_tree(folder, name)
    elif there is not None:
        folder.unlink(name)
    sync.alive()


def remove_unfinished(tree, unfinished):
    """Remove what earlier syncs left, unless one is still at work on it."""
    for around, name in [(number, one) for number in unfinished for one in unfinished[number]]:
        try:
            fd = tree.maybe_open(around, name)
            if fd is None:
                folder = tree.writable(around)
                there = folder.maybe_lstat(name)
                if there is not None and not stat.S_ISDIR(there.st_mode):
                    folder.unlink(name)
                continue
            try:
                if fcntl is not None:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                tree.writable(around).unlink(name)
            finally:
                os.close(fd)
        except (IOError, OSError):
            pass  # it belongs to another sync, or is gone
