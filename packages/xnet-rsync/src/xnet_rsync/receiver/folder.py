"""An open folder, in which all work is done: no name leads out of it, and no link is followed. Spec: RS-032, RS-033."""

import errno
import os
import stat
import sys

from .attributes import set_mode, set_time
from .system import (
    CAN_OPEN_FOLDERS,
    CLOEXEC,
    HAS_DIR_FD,
    MAGIC_FDS,
    NOFOLLOW,
    OLD,
    READ_FILE,
    READ_FOLDER,
    SCANS_FD,
    TIMES_OF_LINKS,
    WINDOWS,
    encode_path,
)


class Folder(object):
    """An open folder; names in it are single components.

    With descriptors (everywhere but on Windows, and on Python 2 without /proc) the folder is what was opened,
    whatever is renamed or linked meanwhile. Without, it is a path whose components are looked at before use.
    """

    def __init__(self, path, parent=None):
        """Open the folder ``path``, a component below the parent, or any path without a parent."""
        self.fd = None
        self.options = {}
        if not CAN_OPEN_FOLDERS:
            self.prefix = (parent.prefix if parent else b"") + path + encode_path(os.sep)
            found = os.lstat(self.prefix[:-1]) if parent else os.stat(self.prefix)
            if not stat.S_ISDIR(found.st_mode) or getattr(found, "st_reparse_tag", 0):
                raise OSError(errno.ENOTDIR, "is not a directory", self.prefix)
            return
        if parent is None:
            self.fd = os.open(path, READ_FOLDER)
        else:
            self.fd = os.open(parent.prefix + path, READ_FOLDER | NOFOLLOW, **parent.options)
        if HAS_DIR_FD:
            self.prefix = b""
            self.options = {"dir_fd": self.fd}
        elif MAGIC_FDS:
            self.prefix = ("/proc/self/fd/%d/" % self.fd).encode("ascii")
        else:
            os.close(self.fd)
            self.fd = None
            self.prefix = (parent.prefix if parent else b"") + path + b"/"

    def close(self):
        """Let go of it."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def names(self):
        """Return what is in it: a dict of names and what lstat says of them."""
        found = {}
        if SCANS_FD and self.fd is not None:
            coding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
            with os.scandir(self.fd) as entries:
                for entry in entries:
                    try:
                        found[entry.name.encode(coding, errors)] = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        pass
            return found
        for name in os.listdir(self.fd if HAS_DIR_FD else self.prefix):
            name = encode_path(name)
            there = self.maybe_lstat(name)
            if there is not None:
                found[name] = there
        return found

    def maybe_lstat(self, name):
        """Return what lstat says, or None if there is nothing of that name."""
        try:
            return os.lstat(self.prefix + name, **self.options)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise

    def open(self, name, flags, mode=0o600):
        """Open a file; the flags say that links are not followed."""
        return os.open(self.prefix + name, flags, mode, **self.options)

    def mkdir(self, name):
        """Make a folder that only we can enter, until its time comes."""
        os.mkdir(self.prefix + name, 0o700, **self.options)

    def symlink(self, text, name):
        """Make a link."""
        os.symlink(text, self.prefix + name, **self.options)

    def readlink(self, name):
        """Return the text of a link."""
        return encode_path(os.readlink(self.prefix + name, **self.options))

    def unlink(self, name):
        """Remove anything but a folder."""
        os.unlink(self.prefix + name, **self.options)

    def rmdir(self, name):
        """Remove an empty folder."""
        os.rmdir(self.prefix + name, **self.options)

    def rename(self, old, new):
        """Put a file in the place of another, at once."""
        if HAS_DIR_FD:
            os.rename(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        elif hasattr(os, "replace"):
            os.replace(self.prefix + old, self.prefix + new)
        else:
            os.rename(self.prefix + old, self.prefix + new)

    def set_own_mode(self, mode):
        """Set the permissions of the folder itself."""
        if self.fd is not None:
            os.fchmod(self.fd, mode)
        else:
            os.chmod(self.prefix, mode)

    def set_own_time(self, when):
        """Set the time of the folder itself."""
        if self.fd is not None:
            set_time(self.fd, when)
        else:
            os.utime(self.prefix, (when / 1e9, when / 1e9))

    def set_link_time(self, name, when):
        """Set the time of a link, where that is possible."""
        if TIMES_OF_LINKS:
            os.utime(self.prefix + name, ns=(when, when), follow_symlinks=False, **self.options)

    def adjust(self, name, mode, when):
        """Set permissions and time of a file that is there, through a descriptor of it.

        Args:
            name: Of a regular file.
            mode: Permissions, or None.
            when: Time in nanoseconds, or None.
        """
        try:
            fd = self.open(name, READ_FILE)
        except OSError as error:
            if error.errno != errno.EACCES or WINDOWS:
                raise
            self._adjust_unreadable(name, mode, when)
            return
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EEXIST, "is not a file any more", name)
            if mode is not None:
                set_mode(fd, mode, self.prefix + name)
            if when is not None:
                set_time(fd, when)
        finally:
            os.close(fd)

    def _adjust_unreadable(self, name, mode, when):
        """Adjust a file that its owner may not read: it is made readable first."""
        there = os.lstat(self.prefix + name, **self.options)
        if not stat.S_ISREG(there.st_mode):
            raise OSError(errno.EEXIST, "is not a file any more", name)
        path, options, fd = self.prefix + name, self.options, None
        if hasattr(os, "O_PATH") and MAGIC_FDS:
            fd = self.open(name, os.O_PATH | NOFOLLOW | CLOEXEC)
            path, options = "/proc/self/fd/%d" % fd, {}
        try:
            if when is not None:
                times = {"ns": (when, when)} if not OLD else {"times": (when / 1e9, when / 1e9)}
                if OLD:
                    os.utime(path, times["times"])
                else:
                    os.utime(path, **dict(times, **options))
            os.chmod(path, stat.S_IMODE(there.st_mode) if mode is None else mode, **options)
        finally:
            if fd is not None:
                os.close(fd)
