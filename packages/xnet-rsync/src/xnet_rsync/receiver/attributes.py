"""Permissions and times: what an entry gets, and how it is set as exactly as this Python can."""

import os
import stat

from .codes import SETGID, SETUID
from .system import MAGIC_FDS, OLD, TIMES_OF_FDS, WINDOWS

if OLD:

    def mtime_ns(found):
        """Return when the content changed, in nanoseconds."""
        return int(round(found.st_mtime * 1e9))  # noqa: RUF046 - a float of Python 2

    def same_time(one, other):
        """Return whether two times are the same, as far as they can be set. Spec: RS-026."""
        # It has neither nanoseconds nor a way to set them.
        return abs(one - other) < 2000

else:

    def mtime_ns(found):
        """Return when the content changed, in nanoseconds."""
        return found.st_mtime_ns

    def same_time(one, other):
        """Return whether two times are the same. Spec: RS-026."""
        return one == other


def differs(there, mode, mtime):
    """Return whether permissions or time have to be set."""
    return (stat.S_IMODE(there.st_mode) != mode and not WINDOWS) or not same_time(mtime_ns(there), mtime)


def permitted(mode, owner, there):
    """Return permissions without the bits that would lend the rights of others than the sender has named.

    Args:
        mode: As the sender has them.
        owner: User and group there, if it has said so.
        there: What stat says of what gets the permissions.
    """
    if mode & SETUID and (owner is None or owner[0] != there.st_uid):
        mode &= ~SETUID
    if mode & SETGID and (owner is None or owner[1] != there.st_gid):
        mode &= ~SETGID
    return mode


def set_mode(fd, mode, path):
    """Set the permissions of an open file."""
    if hasattr(os, "fchmod"):
        os.fchmod(fd, mode)
    else:
        os.chmod(path, mode)


def set_time(fd, when):
    """Set the time of an open file or folder, as exactly as this Python can."""
    if TIMES_OF_FDS:
        os.utime(fd, ns=(when, when))
    elif MAGIC_FDS:
        os.utime("/proc/self/fd/%d" % fd, (when / 1e9, when / 1e9))
