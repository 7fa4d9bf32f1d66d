"""What this Python and this system can do: the differences between Python 2 and 3, and between systems."""

import os
import sys
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

#: How many folders are open at a time.
OPEN_FOLDERS = 32
#: How much is read at a time.
READ_BYTES = 1048576

OLD = sys.version_info[0] == 2
WINDOWS = os.name == "nt"
CLOEXEC = getattr(os, "O_CLOEXEC", 0)
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
BINARY = getattr(os, "O_BINARY", 0)
READ_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | CLOEXEC
READ_FILE = os.O_RDONLY | NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | CLOEXEC | BINARY
CREATE_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | NOFOLLOW | CLOEXEC | BINARY
CAN_OPEN_FOLDERS = hasattr(os, "O_DIRECTORY") and bool(NOFOLLOW)
HAS_DIR_FD = CAN_OPEN_FOLDERS and {os.open, os.stat, os.unlink, os.mkdir, os.symlink, os.rename} <= getattr(
    os, "supports_dir_fd", set()
)
SCANS_FD = hasattr(os, "scandir") and os.scandir in getattr(os, "supports_fd", ())
TIMES_OF_LINKS = os.utime in getattr(os, "supports_follow_symlinks", ())
TIMES_OF_FDS = os.utime in getattr(os, "supports_fd", ())
MAGIC_FDS = os.path.isdir("/proc/self/fd")
#: How lseek() is asked for data and holes; Python 2 has no names for it.
SEEK_DATA, SEEK_HOLE = (3, 4) if sys.platform.startswith("linux") else (
    getattr(os, "SEEK_DATA", None), getattr(os, "SEEK_HOLE", None)
)


class CLOCK(object):
    """The clock, in a class, where no library that stops the clock finds it."""

    monotonic = getattr(time, "monotonic", time.time)


if OLD:
    # Bytes of Python 2 are text to the connection; this is what it takes for bytes.
    as_bytes = bytearray
    part = buffer
    NUMBERS = (int, long)

    def encode_path(name):
        """Return the bytes of a name."""
        return name if isinstance(name, bytes) else name.encode(sys.getfilesystemencoding() or "utf-8")

else:
    as_bytes = bytes
    NUMBERS = (int,)

    def part(data, start, size):
        """Return some bytes without copying them."""
        return memoryview(data)[start : start + size]

    encode_path = os.fsencode
