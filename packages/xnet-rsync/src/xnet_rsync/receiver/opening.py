"""The destination is opened, or made with what is around it. Spec: RS-012, RS-013."""

import errno
import os

from .folder import Folder
from .refusals import NoDestination
from .system import OLD


def open_destination(path, mode, dry):
    """Open a directory, after having made it if it is missing.

    Args:
        path: Where.
        mode: Permissions that it gets if it is made.
        dry: Whether it is only looked at.

    Returns:
        The open folder, None in a dry run if it is missing; and whether it was (would be) made.
    """
    made = not os.path.isdir(path)
    reason = None
    try:
        if made and dry:
            look_around(path)
        elif made:
            make_folders(path, mode)
        return (Folder(path) if not (made and dry) else None), made
    except OSError as error:
        reason = error.strerror or str(error)
    text = u"the destination %s cannot be made or opened: " % path.decode("utf-8", "replace")
    raise NoDestination(text.encode("utf-8") + reason if OLD else text + reason)


def look_around(path):
    """Check that a missing directory could be made, as far as its parent directories tell."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    if not os.path.isdir(path):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


def make_folders(path, mode):
    """Make a directory and those around it, unless somebody else just did."""
    around = os.path.dirname(path)
    if not os.path.lexists(around):
        make_folders(around, 0o777)
    try:
        os.mkdir(path, mode)
    except OSError:
        if not os.path.isdir(path):
            raise
