"""The bytes of open files: read at a place, written in full, and where there are any."""

import errno
import os

from .system import SEEK_DATA, SEEK_HOLE, part


def read_at(fd, size, offset):
    """Read from a place of an open file; less than asked for only at its end."""
    os.lseek(fd, offset, os.SEEK_SET)
    data = os.read(fd, size)
    while 0 < len(data) < size:
        more = os.read(fd, size - len(data))
        if not more:
            break
        data += more
    return data


def write_all(fd, data):
    """Write all of it."""
    written = os.write(fd, data)
    size = len(data)
    while written < size:
        written += os.write(fd, part(data, written, size - written))


def data_ranges(fd, size, blocks):
    """Return where an open file has data, and not holes: pairs of start and end."""
    if SEEK_DATA is None or blocks is None or blocks * 512 >= size:
        return [(0, size)] if size else []
    ranges = []
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break  # only a hole is left
            return [(0, size)]
        at = min(os.lseek(fd, start, SEEK_HOLE), size)
        ranges.append((start, at))
    return ranges
