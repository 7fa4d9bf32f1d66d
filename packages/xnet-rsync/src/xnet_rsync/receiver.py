# -*- coding: utf-8 -*-
"""The receiving side of a tree sync, for every Python from 2.7 on, in one file.

It shares no code with the sender and imports the standard library only: it is sent, as text, to interpreters
that have nothing of ours. Where our packages are installed it is imported instead, which is quicker.

What is said on the channel is in 67-rsync.md of the specification. The order of this file: the platform,
folders, chunks, the destination, files that arrive, the conversation.

Everything the sender says is hostile until checked. A name is one component of a path, never a path; folders
are opened one by one without following links, and all work is done relative to such a descriptor. So a link
that was planted in the destination, by an earlier message or by somebody else, leads nowhere.

Memory: a message, a few of them in the channel, a buffer of the same order, about 100 bytes for each file that
is needed and each directory, and about 300 for each chunk of a file that is being put together.
"""



class Imports(object):
    """A block in which modules are loaded, as anywhere."""

    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass


#: Executed, the worker's own: whatever code there has done to sys.path and the like, it imports as at its start.
IMPORTS = getattr(getattr(globals().get("channel"), "gateway", None), "_own_imports", Imports())

with IMPORTS:
    import binascii
    import errno
    import os
    import stat
    import struct
    import sys
    import time
    import zlib
    from collections import OrderedDict

    try:
        import fcntl
    except ImportError:  # Windows
        fcntl = None

VERSION = 1
DIRECTORY, FILE, LINK, TREE_LINK = 1, 2, 3, 4
WHOLE, CHUNKS = 1, 2
#: What else may have been said last of a file that is needed: all of its list, or that it has changed. Spec: RS-045.
LISTED, CHANGED = 3, 4
PACK, DATA = 1, 2
FIRST, LAST = 1, 2
MORE, INCOMPLETE = 1, 2
STORED, ZLIB, ZSTD = 0, 1, 2
MAKE, REPLACE, ADJUST, CONVERT = 1, 2, 3, 4
#: Most bytes that a content message or a table has, uncompressed. Spec: RS-011.
MOST_BYTES = 1048576
#: Spec: RS-052.
MOST_LISTS, MOST_RECORDS, MOST_RECORDS_AT_ONCE = 16, 262144, 65536
#: Files of ours that are not finished. Nobody else's names begin like this. Spec: RS-031.
TEMPORARY = b".xnet-rsync-"
#: Permissions that lend the rights of a file's owner, or of its group. Spec: RS-029.
SETUID, SETGID = 0o4000, 0o2000
SETID = SETUID | SETGID
#: Less than this of an unfinished file is not kept for the next time.
WORTH_KEEPING_BYTES = 65536
#: Smaller files are always sent in full. Spec: RS-055.
WORTH_CUTTING_BYTES = 8192
#: How many files of the destination are remembered by their size, and tried for one that is needed.
MOST_REMEMBERED, MOST_TRIED = 100000, 4
#: How many folders are open at a time, and how deep a tree may be.
OPEN_FOLDERS, MOST_DEPTH = 32, 2048
#: How much is read at a time, and where it may turn out soon that it was of no use.
READ_BYTES, FIRST_READ_BYTES = 1048576, 32768
#: How many chunks that follow each other may be others than in the list, until cuts are looked for.
MOST_MISSED = 4
#: Spec: RS-005, RS-008, RS-071.
BUSY_S = 2.0
LONGEST_PROBLEM = 4096
REMOVED_BYTES = 32768

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


class CLOCK(object):  # in a class, where no library that stops the clock finds it
    monotonic = getattr(time, "monotonic", time.time)


if OLD:
    # Bytes of Python 2 are text to the connection; this is what it takes for bytes.
    as_bytes = bytearray
    part = buffer  # noqa: F821
    NUMBERS = (int, long)  # noqa: F821

    def mtime_ns(found):
        return int(round(found.st_mtime * 1e9))

    def same_time(one, other):
        # It has neither nanoseconds nor a way to set them.
        return abs(one - other) < 2000

    def encode_path(name):
        return name if isinstance(name, bytes) else name.encode(sys.getfilesystemencoding() or "utf-8")

else:
    as_bytes = bytes
    NUMBERS = (int,)

    def part(data, start, size):
        return memoryview(data)[start : start + size]

    def mtime_ns(found):
        return found.st_mtime_ns

    def same_time(one, other):
        return one == other

    encode_path = os.fsencode


class Refused(Exception):
    """The sender said what it must not say. Spec: RS-003."""


class NoDestination(Exception):
    """The destination cannot be made or opened: the sender says this without the traceback."""


def must(condition, text, *values):
    """Refuse what the sender said unless the condition holds."""
    if not condition:
        raise Refused("rsync: refused what the sender said: " + text % values)


def must_be_number(value, least=0, most=2**32 - 1):
    """Refuse a value of a message that is not a number in a range."""
    must(
        isinstance(value, NUMBERS) and not isinstance(value, bool) and least <= value <= most,
        "%r is not a number from %d to %d", value, least, most,
    )


# -- folders --------------------------------------------------------------------------------------


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
                    except FileNotFoundError:  # noqa: F821
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
        """Remove what is no folder."""
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
                raise OSError(errno.EEXIST, "is no file any more", name)
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
            raise OSError(errno.EEXIST, "is no file any more", name)
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


def write_all(fd, data):
    """Write all of it."""
    written = os.write(fd, data)
    size = len(data)
    while written < size:
        written += os.write(fd, part(data, written, size - written))


def temporary_name(name):
    """Return a name for the unfinished file ``name``; the next run sees from it what it is part of."""
    return TEMPORARY + name_mark(name) + b"-" + binascii.hexlify(os.urandom(4))


#: Small files need no mark, as what has come of them is not worth keeping: only a name that nobody else has.
SMALL = TEMPORARY + b"0" * 16 + b"-" + binascii.hexlify(os.urandom(8)) + b"-"


def name_mark(name):
    """Return 16 digits for a name."""
    marks = (zlib.crc32(name) & 0xFFFFFFFF, zlib.crc32(name, 0x55555555) & 0xFFFFFFFF)
    return ("%08x%08x" % marks).encode("ascii")


def load_sha256():
    """Return it. Loading takes a while, and many syncs need none."""
    with IMPORTS:
        from hashlib import sha256

    return sha256


def fold(name):
    """Return what names have in common that some file systems do not tell apart: case, and how accents are put."""
    text = name.decode("utf-8", "replace")
    if len(text) == len(name):
        return name.lower()
    with IMPORTS:
        from unicodedata import normalize

    return normalize("NFC", text).lower().encode("utf-8", "replace")


def check_names(names):
    """Refuse what is not one component of a path. Spec: RS-030, RS-031."""
    joined = b"\0".join(names)
    if WINDOWS or b"/" in joined or TEMPORARY in joined or not {b"", b".", b".."}.isdisjoint(names):
        for name in names:
            check_name(name)


def folded_names(names):
    """Return what ``fold`` returns for each name."""
    joined = b"\0".join(names)
    try:
        joined.decode("ascii")
    except UnicodeDecodeError:
        return [fold(name) for name in names]
    return joined.lower().split(b"\0") if names else []


def check_name(name):
    """Refuse what is not one component of a path. Spec: RS-030, RS-031."""
    must(
        name and name not in (b".", b"..") and b"/" not in name and b"\0" not in name,
        "%r is not the name of something in a directory", name,
    )
    if WINDOWS:
        must(not set(name) & set(b'\\:*?"<>|') and not name.endswith((b".", b" ")), "%r is no name here", name)
    must(not name.startswith(TEMPORARY), "the name %r is kept for unfinished files", name)


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


# -- chunks ---------------------------------------------------------------------------------------

#: Least size, usual size, marker, bits of the checksum behind a marker and behind a weak one. Spec: RS-050.
LEVELS = (
    (256, 1280, b"\1\0\3\0", 2, 4),
    (1024, 2048, b"\1\0\3\0", 2, 4),
    (1024, 5120, b"\1\0\3\0\0", 2, 6),
    (4096, 8192, b"\1\0\3\0\0", 2, 6),
    (4096, 20480, b"\1\0\3\0\0", 4, 8),
    (16384, 32768, b"\1\0\3\0\0", 4, 8),
    (16384, 81920, b"\1\0\3\0\0", 6, 10),
    (65536, 131072, b"\1\0\3\0\0", 6, 10),
    (65536, 327680, b"\1\0\3\0\0", 8, 12),
    (262144, 524288, b"\1\0\3\0\0", 8, 12),
    (1048576, 2097152, b"\1\0\3\0\0", 10, 14),
)
WEAK_MARKER = b"\1\0\3"
#: How many bytes before a cut decide whether it is one.
WINDOW = 32
#: Byte to symbol.
SYMBOLS = bytes(bytearray(number & 3 for number in range(256)))
#: Where a chunk comes from, if not from a file that is there.
MISSING, HOLE, ITSELF = -1, -2, -3


def cut(read, start, end, level, step=READ_BYTES):
    """Yield the chunks of a range of a file: where each begins, and its bytes. Spec: RS-050.

    There is no loop over bytes in here: one call maps all of them to symbols, others find the markers.

    Args:
        read: Called with a number of bytes and an offset; returns less only at the end of the file.
        step: How much to read at first; more each time.
    """
    least, usual, marker, bits, weak_bits = LEVELS[level]
    most, width, weak_width = 4 * usual, len(marker), len(WEAK_MARKER)
    mask, weak_mask = (1 << bits) - 1, (1 << weak_bits) - 1
    crc32 = zlib.crc32
    data, symbols = b"", b""
    at, behind = 0, 0  # in the buffer: the last cut; the end of the next marker that was not looked at or is right
    origin = start  # where the buffer begins in the file
    ended = False
    while True:
        if not ended:
            more = read(min(max(step, most), end - origin - len(data)), origin + len(data))
            step = min(2 * step, READ_BYTES)
            ended = not more or origin + len(data) + len(more) >= end
            origin += at
            data = data[at:] + more
            symbols = data.translate(SYMBOLS)
            at, behind = 0, 0
        size = len(data)
        find = symbols.find
        # Up to here a cut can be found without seeing more of the file.
        last = size - 1 if ended else size - most
        while at <= last:
            lowest, highest = at + least, min(at + most, size)
            if behind < lowest:
                behind = find(marker, lowest - width) + width
            # -1 + width: there are no more.
            while width <= behind <= highest and crc32(data[behind - WINDOW : behind]) & mask:
                behind = find(marker, behind - width + 1) + width
            if behind < width:
                behind = size + 1
            following = behind
            if following > highest:
                following = find(WEAK_MARKER, lowest - weak_width, highest) + weak_width
                while following >= weak_width and crc32(data[following - WINDOW : following]) & weak_mask:
                    following = find(WEAK_MARKER, following - weak_width + 1, highest) + weak_width
                if following < weak_width:
                    following = highest
            yield origin + at, part(data, at, following - at)
            at = following
        if ended:
            return


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


class Records(object):
    """A list of chunks, as the sender made it, and where each of them can be taken from."""

    def __init__(self, level):
        self.level = level
        self.lengths = []
        self.marks = []
        self.digest = None

    def add(self, table):
        """Add what a message has of it; return how many records."""
        must(len(table) >= 4, "a list of %d bytes", len(table))
        (count,) = struct.unpack(">I", table[:4])
        must(count <= MOST_RECORDS_AT_ONCE and len(table) == 4 + 10 * count, "a list of %d records", count)
        self.lengths.extend(struct.unpack(">%dI" % count, table[4 : 4 + 4 * count]))
        marks = bytes(table[4 + 4 * count :])
        self.marks.extend([marks[at : at + 6] for at in range(0, len(marks), 6)])
        return count

    def arrange(self, size):
        """Find the offset of each record, once all are there."""
        must(self.lengths or not size, "an empty list for %d bytes", size)
        most = 4 * LEVELS[self.level][1]
        self.offsets = []
        self.sources = []  # (file, offset) of each
        self.wanted = {}  # mark -> the first record that has it and no source
        at = 0
        for number, length in enumerate(self.lengths):
            self.offsets.append(at)
            mark = self.marks[number]
            if not length:
                at += int(binascii.hexlify(mark), 16)
                self.sources.append((HOLE, 0))
                continue
            must(length <= most, "a chunk of %d bytes", length)
            at += length
            first = self.wanted.setdefault(mark, number)
            # What comes twice in the file is wanted once.
            twice = first != number and self.lengths[first] == length
            self.sources.append((ITSELF, self.offsets[first]) if twice else (MISSING, 0))
        self.offsets.append(at)
        must(at == size, "a list for %d bytes of a file of %d", at, size)

    def match(self, file, fd, there, digest, alive):
        """Find chunks in a file that is there; return whether it has the same content in all."""
        sha256 = load_sha256()
        whole = sha256()
        skipped = []  # pairs of start and end
        same = True
        size = there.st_size
        at = number = 0  # number: the record that comes next if nothing has changed
        for start, end in data_ranges(fd, size, getattr(there, "st_blocks", None)):
            if start != at:
                whole.update(struct.pack(">Q", start - at))
                number += 1
            at = start
            while at < end:
                at, number = self.follow(file, fd, at, end, number, whole, skipped, alive)
                if at < end:
                    same = False
                    if not self.wanted:
                        return False
                    at, number = self.find(file, fd, at, end, number, alive)
        if at != size:
            whole.update(struct.pack(">Q", size - at))
        if same and not skipped:
            return number == len(self.lengths) - (at != size) and whole.digest() == digest
        for start, end in skipped:
            while start < end and self.wanted:
                start, _ = self.find(file, fd, start, end, 0, alive)
        return False

    def follow(self, file, fd, at, end, number, whole, skipped, alive):
        """Take chunks from a file that follow each other there as in the list.

        What it is at one place only does not matter: behind it, the chunks are looked for as far from each other
        as the list has them. So there is no need to look for cuts where nothing was inserted or removed.

        Args:
            at: Where the first is; the last cut of the file, or the start of a range.
            end: Of the range.
            number: Of the first.
            whole: What all of the file is added to.
            skipped: Where what was not as in the list is added to.

        Returns:
            Where the first is that does not belong there, and the number of the record that was expected.
        """
        sha256 = load_sha256()
        wanted, sources, lengths, marks = self.wanted, self.sources, self.lengths, self.marks
        data, origin, step = b"", at, FIRST_READ_BYTES
        missed = 0  # one after the other
        while number < len(lengths) and 0 < lengths[number] <= end - at:
            length = lengths[number]
            if at + length > origin + len(data):
                data, origin = read_at(fd, min(max(step, length), end - at), at), at
                step = min(2 * step, READ_BYTES)
                alive()
            marked = sha256(part(data, at - origin, length)).digest()
            mark = marked[:6]
            if mark == marks[number]:
                if missed:
                    skipped.append((back[0], at))
                    missed = 0
                whole.update(marked)
                if wanted.get(mark) == number:
                    sources[number] = file, at
                    del wanted[mark]
            else:
                if not missed:
                    back = at, number
                missed += 1
                if missed > MOST_MISSED:
                    break
            at += length
            number += 1
        return back if missed else (at, number)

    def find(self, file, fd, at, end, number, alive):
        """Find the next chunk of a file that is wanted.

        Args:
            at: Where to begin, as for ``follow``.

        Returns:
            Where it ends, and the number of the record behind; ``end`` and ``number`` if there is none.
        """
        sha256 = load_sha256()
        def read(size, offset):
            return read_at(fd, size, offset)

        wanted, lengths = self.wanted, self.lengths
        for offset, chunk in cut(read, at, end, self.level, FIRST_READ_BYTES):
            mark = sha256(chunk).digest()[:6]
            found = wanted.get(mark)
            if found is not None and lengths[found] == len(chunk):
                self.sources[found] = file, offset
                del wanted[mark]
                return offset + len(chunk), found + 1
            alive()
        return end, number

    def missing(self):
        """Return pairs of first record and count, of what no file has."""
        ranges = []
        for number, (source, _) in enumerate(self.sources):
            if source == MISSING:
                if ranges and ranges[-1][0] + ranges[-1][1] == number:
                    ranges[-1][1] += 1
                else:
                    ranges.append([number, 1])
        return ranges


# -- the destination ------------------------------------------------------------------------------


class Entry(object):
    """A file that the sender has, and we have not.

    ``bases`` are files that resemble it: pairs of folder and name. ``owner`` is needed for setuid and setgid bits.
    ``state`` says what may come of it, and ``whole`` whether that was said of it.
    """

    __slots__ = ("bases", "folder", "mode", "mtime", "name", "owner", "size", "state", "whole")

    def __init__(self, folder, name, mode, size, mtime, owner):
        self.folder = folder
        self.name = name
        self.mode = mode
        self.owner = owner
        self.size = size
        self.mtime = mtime
        self.bases = []
        self.state = WHOLE
        self.whole = False


class Tree(object):
    """The destination: which folders it has, by the numbers the sender gave them."""

    def __init__(self, root):
        self.root = root
        # number -> (number of the folder around it, name, depth)
        self.places = {}
        self.open = OrderedDict()
        # number -> (permissions, time): what is set when everything else is done
        self.pending = {}
        self.touched = set()

    def add(self, number, around, name):
        """Learn of a folder."""
        depth = self.places[around][2] + 1 if around else 1
        must(depth <= MOST_DEPTH, "folders in %d others", depth)
        self.places[number] = (around, name, depth)

    def folder(self, number):
        """Return an open folder. It may be closed by the next call."""
        if number == 0:
            return self.root
        folder = self.open.pop(number, None)
        if folder is None:
            chain = [number]
            while chain[-1] not in self.open and self.places[chain[-1]][0] != 0:
                chain.append(self.places[chain[-1]][0])
            folder = self.open[chain.pop()] if chain[-1] in self.open else self.root
            for inner in reversed(chain):
                folder = self._enter(folder, inner)
                if inner != number:
                    self._keep(inner, folder)
        self._keep(number, folder)
        return folder

    def _enter(self, parent, number):
        name = self.places[number][1]
        try:
            return Folder(name, parent)
        except OSError as error:
            there = parent.maybe_lstat(name)
            if error.errno != errno.EACCES or there is None or not stat.S_ISDIR(there.st_mode):
                raise
            self.pending.setdefault(number, (stat.S_IMODE(there.st_mode), mtime_ns(there)))
            os.chmod(parent.prefix + name, 0o700 | stat.S_IMODE(there.st_mode), **parent.options)
            return Folder(name, parent)

    def _keep(self, number, folder):
        self.open[number] = folder
        if len(self.open) > OPEN_FOLDERS:
            self.open.popitem(last=False)[1].close()

    def writable(self, number):
        """Return an open folder in which something is going to change."""
        folder = self.folder(number)
        if number not in self.touched:
            self.touched.add(number)
            there = os.fstat(folder.fd) if folder.fd is not None else os.stat(folder.prefix)
            self.pending.setdefault(number, (stat.S_IMODE(there.st_mode), mtime_ns(there)))
            if there.st_mode & 0o700 != 0o700:
                folder.set_own_mode(0o700 | stat.S_IMODE(there.st_mode))
        return folder

    def path(self, number, name=b""):
        """Return a path below the root, for messages."""
        parts = [name] if name else []
        while number in self.places:
            number, name, _ = self.places[number]
            parts.append(name)
        return b"/".join(reversed(parts))

    def settle(self):
        """Give folders their permissions and times, the inner ones first; yield what fails."""
        for number in sorted(self.pending, reverse=True):
            mode, when = self.pending.pop(number)
            try:
                folder = self.folder(number)
                folder.set_own_mode(mode)
                folder.set_own_time(when)
            except OSError as error:
                yield number, error

    def close(self):
        """Let go of all."""
        for folder in self.open.values():
            folder.close()
        self.open.clear()
        self.root.close()


# -- files that arrive ----------------------------------------------------------------------------


class Arriving(object):
    """A file that is being written under another name."""

    def __init__(self, folder, entry):
        self.number = None
        self.temporary = temporary_name(entry.name)
        self.fd = folder.open(self.temporary, CREATE_FILE)
        self.at = 0
        if fcntl is not None:
            try:
                # So that another sync into the same place sees that somebody is at work on it.
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (IOError, OSError):
                pass

    def write(self, offset, data):
        """Write a piece; what was left out before it is a hole."""
        must(offset >= self.at, "data at %d come after data up to %d", offset, self.at)
        self.put(offset, data)

    def put(self, offset, data):
        """Write at a place."""
        if offset != self.at:
            os.lseek(self.fd, offset, os.SEEK_SET)
        if len(data):
            write_all(self.fd, data)
        self.at = offset + len(data)

    def complete(self):
        """Check what is there, once all has come; return whether it is right."""
        return True

    def install(self, folder, entry, fsync):
        """Give it its permissions, its time and its name, at once."""
        if self.at != entry.size:
            os.ftruncate(self.fd, entry.size)
        set_mode(self.fd, permitted(entry.mode, entry.owner, os.fstat(self.fd)), folder.prefix + self.temporary)
        set_time(self.fd, entry.mtime)
        if fsync:
            os.fsync(self.fd)
        self.close()
        put_in_place(folder, self.temporary, entry.name)

    def close(self):
        """Let go of it."""
        fd, self.fd = self.fd, None
        if fd is not None:
            os.close(fd)

    def discard(self, folder, keep=False):
        """Give it up, unless so much has arrived that the next run will be glad of it."""
        self.close()
        if not keep or self.at < WORTH_KEEPING_BYTES:
            folder.unlink(self.temporary)


class Assembling(Arriving):
    """A file that is put together from chunks of others and what arrives."""

    def __init__(self, folder, entry, records, files, alive):
        Arriving.__init__(self, folder, entry)
        sha256 = load_sha256()
        self.records = records
        self.files = files  # descriptors
        self.alive = alive
        self.digest = sha256()
        self.next = 0  # the record that is written next
        self.inside = None  # digest of the chunk of which only the beginning has come
        self.sha256 = sha256

    def write(self, offset, data):
        """Write chunks that were wanted, after everything before them."""
        records = self.records
        offsets = records.offsets
        start, end = 0, len(data)
        while start < end:
            if self.inside is None:
                self.fill(offset + start)
                must(
                    self.next < len(records.sources) and records.sources[self.next][0] == MISSING
                    and offsets[self.next] == offset + start,
                    "data at %d, where none were wanted", offset + start,
                )
                self.inside = self.sha256()
            else:
                must(offset + start == self.at, "data at %d come after data up to %d", offset + start, self.at)
            size = min(end - start, offsets[self.next + 1] - offset - start)
            piece = part(data, start, size)
            self.put(offset + start, piece)
            self.inside.update(piece)
            start += size
            if self.at == offsets[self.next + 1]:
                self.digest.update(self.inside.digest())
                self.inside = None
                self.next += 1

    def fill(self, end):
        """Write what others have, up to a record that begins at ``end`` or the first that nobody has."""
        records = self.records
        sources, offsets = records.sources, records.offsets
        while self.next < len(sources) and offsets[self.next] < end:
            source, start = sources[self.next]
            if source == MISSING:
                return
            if source == HOLE:
                size = offsets[self.next + 1] - offsets[self.next]
                self.digest.update(struct.pack(">Q", size))
                self.next += 1
                continue
            # As many chunks at once as follow each other in both files.
            first = self.next
            stop = first + 1
            size = records.lengths[first]
            while (
                stop < len(sources) and size < READ_BYTES and offsets[stop] < end
                and sources[stop] == (source, start + size)
            ):
                size += records.lengths[stop]
                stop += 1
            data = read_at(self.fd if source == ITSELF else self.files[source], size, start)
            position = 0
            for number in range(first, stop):
                self.digest.update(self.sha256(part(data, position, records.lengths[number])).digest())
                position += records.lengths[number]
            if source == ITSELF:
                os.lseek(self.fd, offsets[first], os.SEEK_SET)
                self.at = offsets[first]
            self.put(offsets[first], data)
            self.next = stop
            self.alive()

    def complete(self):
        """Write the rest, and compare the digest. Spec: RS-054."""
        self.fill(self.records.offsets[-1])
        must(self.inside is None and self.next == len(self.records.sources), "an end before all that was wanted")
        return self.digest.digest() == self.records.digest

    def close(self):
        """Let go of it and of the others."""
        Arriving.close(self)
        files, self.files = self.files, {}
        for fd in files.values():
            os.close(fd)


def put_in_place(folder, temporary, name):
    """Let something become visible under its name, in the place of whatever was there."""
    try:
        folder.rename(temporary, name)
    except OSError as error:
        there = folder.maybe_lstat(name)
        if there is None or not stat.S_ISDIR(there.st_mode):
            raise
        remove_tree(folder, name)
        folder.rename(temporary, name)


# -- the conversation -----------------------------------------------------------------------------


def unpack(compression, data, start, size):
    """Return the uncompressed rest of a message.

    Args:
        size: How much it has to be, at most MOST_BYTES. Not much more memory is spent. Spec: RS-011.
    """
    must_be_number(size, 0, MOST_BYTES)
    if compression == STORED:
        must(len(data) - start == size, "%d bytes announced, %d sent", size, len(data) - start)
        return part(data, start, size)
    packed = bytes(data[start:])
    must(compression in (ZLIB, ZSTD), "the compression %r", compression)
    try:
        if compression == ZLIB:
            reader = zlib.decompressobj()
            # What comes out as unused shows where the stream ends; Python 2 has no other way to know.
            body = reader.decompress(packed + b"\0", size + 1)
            complete = reader.unused_data == b"\0"
        else:
            body, complete = unpack_zstd(packed, size)
    except Refused:
        raise
    except Exception as error:  # each library has its own
        raise Refused("rsync: refused what the sender said: %s" % error)
    must(len(body) == size and complete, "%d bytes announced, others sent", size)
    return body


def unpack_zstd(packed, size):
    """Uncompress one frame of at most so many bytes; return them, and whether it was complete."""
    try:
        with IMPORTS:
            from compression.zstd import ZstdDecompressor
    except ImportError:
        with IMPORTS:
            import zstandard

        must(zstandard.frame_content_size(packed) == size, "a frame of another size than announced")
        reader = zstandard.ZstdDecompressor().decompressobj()
        body = reader.decompress(packed)
        return body, reader.eof and not reader.unused_data
    reader = ZstdDecompressor()
    body = reader.decompress(packed, max_length=size + 1)
    return body, reader.eof and not reader.unused_data


def find_compressions(offered):
    """Return which of the compressions that the sender offers are understood here."""
    if u"zstd" not in offered:
        return []
    for name in ("compression.zstd", "zstandard"):
        try:
            with IMPORTS:
                __import__(name)
        except ImportError:
            continue
        return [u"zstd"]
    return []


class Receiver(object):
    """One sync, from ``begin`` to ``done``."""

    def __init__(self, channel):
        self.channel = channel
        self.tree = None
        self.entries = {}  # number -> what is wanted and has not come
        self.next_number = 1
        self.owners = {}  # number -> user and group at the sender, where permissions have setuid or setgid bits
        self.last_owned = 0  # the highest of these numbers
        self.listing = None  # (folder, what is there and was not named yet, names so far, what they mean, flags)
        self.unlisted = set()  # folders of which nobody has said yet what is in them
        self.is_listed = False
        self.fresh = set()  # folders that were made by us and so are empty
        self.broken = set()  # folders that could not be made
        self.extra = []  # (folder, name) of what the sender does not have
        self.unfinished = {}  # folder -> names of what earlier syncs left
        self.sizes = {}  # size -> (folder, name) of files that are there
        self.remembered = 0
        self.later = []  # needed files of which it is not clear yet whether something resembles them
        self.lists = {}  # number -> Records that are not complete
        self.assembling = {}  # number -> Assembling
        self.arriving = None  # Arriving of which pieces came
        self.failed = set()  # what still comes of these is ignored
        self.got = []
        self.small = 0  # how many small files were begun
        self.plan = ([], [])
        self.folding = None  # whether the file system takes names of different case for one, once that is known
        self.said = CLOCK.monotonic()
        self.handlers = {
            u"owners": self.on_owners,
            u"index": self.on_index,
            u"listed": self.on_listed,
            u"chunks": self.on_chunks,
            u"copy": self.on_copy,
            u"meta": self.on_meta,
            u"again": self.on_again,
            u"skip": self.on_skip,
        }

    def run(self):
        """Obey the sender until it says finish."""
        try:
            self.begin(self.channel.receive())
            while True:
                message = self.channel.receive()
                if isinstance(message, bytes):
                    self.on_content(message)
                else:
                    must(isinstance(message, list) and message, "%.100r is no message", message)
                    if message[0] == u"finish" and len(message) == 1:
                        break
                    handler = self.handlers.get(message[0]) if isinstance(message[0], type(u"")) else None
                    must(handler is not None, "the unknown message %.100r", message[0])
                    must(
                        handler.__code__.co_argcount == len(message),
                        "%d elements of %s", len(message), message[0],
                    )
                    handler(*message[1:])
                self.say_got()
            self.finish()
        finally:
            self.end()

    def say(self, *message):
        """Send a message."""
        self.channel.send(list(message))
        self.said = CLOCK.monotonic()

    def alive(self):
        """Say that we are at work, if nothing else was said for a while. Spec: RS-005."""
        if CLOCK.monotonic() - self.said > BUSY_S:
            self.say(u"busy")

    def begin(self, message):
        """Open the destination."""
        must(
            isinstance(message, list) and len(message) == 2 and message[0] == u"begin"
            and isinstance(message[1], dict), "%.100r is no begin", message,
        )
        options = message[1]
        must_be_number(options.get(u"version"), 0, 2**64 - 1)
        must(options.get(u"version") == VERSION, "version %r, expected %d", options.get(u"version"), VERSION)
        path = options.get(u"dest")
        must(isinstance(path, bytes) and path and b"\0" not in path, "the destination %.100r", path)
        root = options.get(u"root")
        must(isinstance(root, list) and len(root) == 4, "the root %.100r", root)
        kind, mode, size, mtime = root
        for value, least, most in (kind, 1, 2), (mode, 0, 0o7777), (size, 0, 2**63 - 1), (mtime, -2**63, 2**63 - 1):
            must_be_number(value, least, most)
        must(kind == FILE or not size, "a directory of %d bytes", size)
        for name in u"delete", u"checksum", u"delta", u"fsync", u"dry_run":
            must(isinstance(options.get(name, False), bool), "%.100r as %s", options.get(name), name)
        if u"owner" in options:
            owner = options[u"owner"]
            must(isinstance(owner, list) and len(owner) == 2, "the owner %.100r", owner)
            must_be_number(owner[0])
            must_be_number(owner[1])
            self.owners[0] = tuple(owner)
        offered = options.get(u"compression", [])
        must(
            isinstance(offered, list) and all(isinstance(one, type(u"")) for one in offered),
            "the compressions %.100r", offered,
        )
        self.delete = options.get(u"delete") is True
        self.checksum = options.get(u"checksum") is True
        self.fsync = options.get(u"fsync") is True
        self.delta = options.get(u"delta", True) is True
        self.dry = options.get(u"dry_run") is True
        self.path = path = os.path.abspath(path)
        self.compressions = find_compressions(offered)
        ready = {u"version": VERSION, u"dest": as_bytes(path), u"compression": self.compressions}
        if kind == FILE:
            path, name = os.path.split(path)
            check_name(name)
        made = not os.path.isdir(path)
        reason = None
        try:
            if made and self.dry:
                look_around(path)
            elif made:
                make_folders(path, 0o777 if kind == FILE else 0o700)
            self.tree = Tree(Folder(path) if not (made and self.dry) else None)
        except OSError as error:
            reason = error.strerror or str(error)
        if reason is not None:
            text = u"the destination %s cannot be made or opened: " % path.decode("utf-8", "replace")
            raise NoDestination(text.encode("utf-8") + reason if OLD else text + reason)
        self.say(u"ready", ready)
        if kind == FILE:
            there = self.tree.root.maybe_lstat(name) if self.tree.root else None
            needs, kinds = [], []
            try:
                self.judge(0, 0, there, needs, kinds, name, kind, mode, size, mtime, None)
            except OSError as error:
                self.problem(0, name, error)
            self.next_number = 0
            self.answer(0, needs, kinds)
            self.next_number = 1
            return
        self.unlisted.add(0)
        if made:
            self.fresh.add(0)
            self.tree.pending[0] = (self.permitted(0, mode, None if self.dry else os.stat(path)), mtime)
            self.would(0, MAKE)
        else:
            there = os.stat(path)
            mode = self.permitted(0, mode, there)
            if self.differs(there, mode, mtime):
                self.tree.pending[0] = (mode, mtime)
                self.would(0, ADJUST)

    def would(self, number, action):
        """Note what a dry run would do. Spec: RS-080."""
        if self.dry:
            self.plan[0].append(number)
            self.plan[1].append(action)

    def differs(self, there, mode, mtime):
        """Return whether permissions or time have to be set."""
        return (stat.S_IMODE(there.st_mode) != mode and not WINDOWS) or not same_time(mtime_ns(there), mtime)

    def permitted(self, number, mode, there):
        """Return the permissions that an entry gets; ``there`` may be None in a dry run. Spec: RS-029."""
        return permitted(mode, self.owners.get(number), there) if mode & SETID and there is not None else mode

    # -- the index ---------------------------------------------------------------------------------

    def on_owners(self, numbers, users, groups):
        """Learn whose the entries are that have setuid or setgid bits in the next table."""
        for data in numbers, users, groups:
            must(isinstance(data, bytes) and len(data) % 4 == 0 and len(data) == len(numbers), "the owners %.100r", data)
        must(len(numbers) <= MOST_BYTES, "owners of %d entries", len(numbers) // 4)
        numbers, users, groups = [struct.unpack(">%dI" % (len(data) // 4), data) for data in (numbers, users, groups)]
        for number, owner in zip(numbers, zip(users, groups)):
            must(number >= self.next_number, "the owner of %d, which came before", number)
            self.owners[number] = owner
            self.last_owned = max(self.last_owned, number)

    def on_index(self, first, compression, size, table):
        """Compare a table of the sender's tree with what is here, and say what is needed."""
        must(not self.is_listed, "a table after the end of the index")
        must(first == self.next_number, "entries from %r on, expected %d", first, self.next_number)
        must(isinstance(table, bytes), "the table %.100r", table)
        needs, kinds = [], []
        for number, flags, rows in read_table(self.unpack(compression, table, 0, size)):
            must(number in self.unlisted, "entries of %d, which is no directory or was listed", number)
            self.compare(number, flags, rows, needs, kinds)
        must(self.last_owned < self.next_number, "the owner of %d, which is not in the table", self.last_owned)
        self.answer(first, needs, kinds)

    def answer(self, first, needs, kinds):
        """Say what is needed."""
        for number, kind in zip(needs, kinds):
            self.entries[number].state = kind
        if self.dry:
            numbers, actions = self.plan
            self.plan = ([], [])
            self.say(u"plan", pack_numbers(numbers), as_bytes(bytearray(actions)))
        self.say(u"needs", first, pack_numbers(needs), as_bytes(bytearray(kinds)))

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
            if folder_number in self.fresh:
                self.fresh.discard(folder_number)
            elif not broken:
                try:
                    there = self.tree.folder(folder_number).names()
                except OSError as error:
                    broken = True
                    self.broken.add(folder_number)
                    self.problem(folder_number or None, self.tree.path(folder_number), error)
        number = self.next_number
        self.find_unfinished(folder_number, there)
        names = [row[0] for row in rows]
        check_names(names)
        if there and not broken:
            self.find_folded(folder_number, names, there)
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
            if differ and row[1] == FILE and not row[2] & SETID and self.is_same(there.get(name), row):
                # Most files of most syncs: nothing is to be done, quickly.
                if row[3] >= WORTH_CUTTING_BYTES:
                    self.remember(folder_number, name, there[name])
                del there[name]
                number += 1
                continue
            try:
                if not differ:
                    if meaning in meant and self.folds(folder_number):
                        raise OSError(errno.EEXIST, "another name of the sender means the same here")
                    meant.add(meaning)
                if not broken:
                    self.judge(number, folder_number, there.pop(name, None), needs, kinds, *row)
                elif row[1] == DIRECTORY:
                    self.broken.add(number)
            except OSError as error:
                if row[1] == DIRECTORY:
                    self.broken.add(number)
                self.problem(number, self.tree.path(folder_number, name), error)
            number += 1
        self.next_number = number
        self.alive()
        if flags & MORE:
            self.listing = (folder_number, there, seen, meant, flags)
            return
        self.listing = None
        self.unlisted.discard(folder_number)
        if not flags & INCOMPLETE:
            for name, found in there.items():
                self.extra.append((folder_number, name, stat.S_ISDIR(found.st_mode)))
                self.remember(folder_number, name, found)

    def is_same(self, found, row):
        """Return whether a file is there as the sender has it, and nobody wants to know more exactly."""
        return (
            found is not None and found.st_size == row[3] and found.st_mode == stat.S_IFREG | row[2]
            and mtime_ns(found) == row[4] and not self.checksum
        )

    def folds(self, folder_number):
        """Return whether the file system takes names of different case for one. Spec: RS-034."""
        if self.folding is None and not self.dry:
            folder = self.tree.writable(folder_number)
            probe = TEMPORARY + b"Probe-" + binascii.hexlify(os.urandom(4))
            os.close(folder.open(probe, CREATE_FILE))
            self.folding = folder.maybe_lstat(probe.lower()) is not None
            folder.unlink(probe)
        return bool(self.folding)

    def find_folded(self, folder_number, names, there):
        """Find what is there under another case, where the file system does not care."""
        missing = [name for name in names if name not in there]
        missing = dict(zip(folded_names(missing), missing))
        if not missing or len(names) - len(missing) == len(there):
            return
        wanted = set(names)
        for other in [other for other in there if other not in wanted and fold(other) in missing]:
            if not self.folds(folder_number):
                return
            there[missing[fold(other)]] = there.pop(other)

    def find_unfinished(self, folder_number, there):
        """Take what earlier syncs left out of a folder's names."""
        for name in [name for name in there if name.startswith(TEMPORARY)]:
            del there[name]
            self.unfinished.setdefault(folder_number, []).append(name)

    def remember(self, folder_number, name, found):
        """Remember a file of the destination by its size; one that is needed may be like it."""
        if (
            found.st_size >= WORTH_CUTTING_BYTES and stat.S_ISREG(found.st_mode)
            and self.remembered < MOST_REMEMBERED
        ):
            self.remembered += 1
            self.sizes.setdefault(found.st_size, []).append((folder_number, name))

    def judge(self, number, around, there, needs, kinds, name, kind, mode, size, mtime, text):
        """Look at one entry: do at once what needs no content, or note that it is needed."""
        tree = self.tree
        if kind == FILE:
            self.judge_file(number, around, there, needs, kinds, name, mode, size, mtime)
        elif kind == DIRECTORY:
            tree.add(number, around, name)
            if there is None or not stat.S_ISDIR(there.st_mode):
                self.would(number, MAKE if there is None else CONVERT)
                if not self.dry:
                    folder = tree.writable(around)
                    if there is not None:
                        folder.unlink(name)
                    folder.mkdir(name)
                    mode = self.permitted(number, mode, folder.maybe_lstat(name) if mode & SETID else None)
                self.fresh.add(number)
                tree.pending[number] = (mode, mtime)
            else:
                mode = self.permitted(number, mode, there)
                if self.differs(there, mode, mtime):
                    self.would(number, ADJUST)
                    tree.pending[number] = (mode, mtime)
        else:
            if kind == TREE_LINK:
                text = os.path.join(self.path, b"") + text
            self.judge_link(number, around, name, there, text, mtime)

    def judge_file(self, number, around, there, needs, kinds, name, mode, size, mtime):
        """Look at a file: is it the same, and if not, what is there that resembles it?"""
        is_file = there is not None and stat.S_ISREG(there.st_mode)
        if is_file:
            right = self.permitted(number, mode, there)
            if (
                there.st_size == size and same_time(mtime_ns(there), mtime)
                # Nothing lends rights that somebody else may have written: only what we make ourselves.
                and not right & ~there.st_mode & SETID
            ):
                self.remember(around, name, there)
                stays = not self.checksum or not size
                if stat.S_IMODE(there.st_mode) != right and not WINDOWS:
                    if not self.dry:
                        self.tree.folder(around).adjust(name, right, None)
                    elif stays:
                        self.would(number, ADJUST)
                if stays:
                    return
        self.would(number, MAKE if there is None else REPLACE if is_file else CONVERT)
        entry = self.entries[number] = Entry(around, name, mode, size, mtime, self.owners.get(number))
        if is_file and (self.checksum or (self.delta and min(size, there.st_size) >= WORTH_CUTTING_BYTES)):
            entry.bases.append((around, name))
            self.remember(around, name, there)
        if around in self.unfinished and size >= WORTH_CUTTING_BYTES:
            mark = TEMPORARY + name_mark(name)
            entry.bases[:0] = [(around, other) for other in self.unfinished[around] if other.startswith(mark)]
        if entry.bases and size:
            needs.append(number)
            kinds.append(CHUNKS)
        elif size < WORTH_CUTTING_BYTES or not self.delta:
            needs.append(number)
            kinds.append(WHOLE)
        else:
            self.later.append(number)

    def judge_link(self, number, around, name, there, text, mtime):
        """Make a link, unless it is there."""
        folder = self.tree.folder(around) if not self.dry or there is not None else None
        is_link = there is not None and stat.S_ISLNK(there.st_mode)
        if is_link and folder.readlink(name) == text:
            if not same_time(mtime_ns(there), mtime) and TIMES_OF_LINKS:
                self.would(number, ADJUST)
                if not self.dry:
                    folder.set_link_time(name, mtime)
            return
        self.would(number, MAKE if there is None else REPLACE if is_link else CONVERT)
        if self.dry:
            return
        folder = self.tree.writable(around)
        temporary = temporary_name(name)
        folder.symlink(text, temporary)
        folder.set_link_time(temporary, mtime)
        put_in_place(folder, temporary, name)

    def on_listed(self):
        """The index is complete: judge what could not be judged before. Spec: RS-025."""
        must(not self.is_listed and not self.unlisted, "the end of the index before all directories")
        self.is_listed = True
        needs, kinds = [], []
        if self.later:
            self.look_into_extra({self.entries[number].size for number in self.later})
        for number in self.later:
            entry = self.entries[number]
            entry.bases = self.sizes.get(entry.size, [])[:MOST_TRIED]
            needs.append(number)
            kinds.append(CHUNKS if entry.bases else WHOLE)
        self.later = []
        self.sizes = {}
        self.answer(self.next_number, needs, kinds)

    def look_into_extra(self, sizes):
        """Remember files of these sizes in folders that the sender does not have: they may have been renamed."""
        if self.tree.root is None:
            return
        # Such a folder gets a number of its own, so that its files can be opened like others.
        number = 2**32
        waiting = [(around, name) for around, name, is_folder in self.extra if is_folder]
        while waiting and self.remembered < MOST_REMEMBERED:
            around, name = waiting.pop()
            number += 1
            try:
                self.tree.add(number, around, name)
                inside = self.tree.folder(number).names()
            except (OSError, Refused):
                continue
            self.alive()
            for inner, there in inside.items():
                if stat.S_ISDIR(there.st_mode):
                    waiting.append((number, inner))
                elif there.st_size in sizes:
                    self.remember(number, inner, there)

    # -- content -----------------------------------------------------------------------------------

    def unpack(self, compression, data, start, size):
        """Return the uncompressed rest of a message. What was not named in ``ready`` is refused. Spec: RS-010."""
        must(compression != ZSTD or self.compressions, "the compression %r, which was not named", compression)
        return unpack(compression, data, start, size)

    def entry_of(self, number):
        """Return what is wanted under a number."""
        must_be_number(number)
        must(not self.dry, "%d and its content in a dry run", number)
        entry = self.entries.get(number)
        must(entry is not None, "content of %d, which is not wanted", number)
        return entry

    def is_in_middle(self, number):
        """Return whether pieces of a file have come, but not the last."""
        return self.arriving is not None and self.arriving.number == number

    def on_content(self, message):
        """Take bytes of files."""
        must(not self.dry, "content in a dry run")
        kind = bytearray(message[:1])[0] if message else 0
        if kind == PACK:
            must(len(message) >= 10, "a pack of %d bytes", len(message))
            _, compression, size, count = struct.unpack(">BBII", message[:10])
            must(count * 8 <= size, "a pack of %d files in %d bytes", count, size)
            self.on_pack(count, self.unpack(compression, message, 10, size))
        else:
            must(kind == DATA and len(message) >= 19, "content of the form %d", kind)
            _, compression, flags, number, offset, size = struct.unpack(">BBBIQI", message[:19])
            self.on_data(number, flags, offset, self.unpack(compression, message, 19, size))

    def on_pack(self, count, body):
        """Take whole small files."""
        heads = struct.unpack(">%dI" % (2 * count), body[: 8 * count])
        at = 8 * count
        must(at + sum(heads[1::2]) == len(body), "a pack of %d bytes for other contents", len(body))
        for number, size in zip(heads[::2], heads[1::2]):
            if number in self.failed:
                at += size
                continue
            entry = self.entry_of(number)
            must(size == entry.size, "%d bytes for a file of %d", size, entry.size)
            must(self.arriving is None, "a pack in the middle of another file")
            must(entry.state == WHOLE, "a pack with %d, of which something else is expected", number)
            try:
                self.install_small(entry, part(body, at, size))
            except OSError as error:
                self.fail(number, entry, error)
            else:
                del self.entries[number]
                self.got.append(number)
            at += size
            self.alive()

    def install_small(self, entry, data):
        """Write a small file under another name, and let it become visible."""
        folder = self.tree.writable(entry.folder)
        self.small += 1
        temporary = SMALL + b"%d" % self.small
        fd = folder.open(temporary, CREATE_FILE)
        try:
            try:
                if len(data):
                    write_all(fd, data)
                mode = permitted(entry.mode, entry.owner, os.fstat(fd)) if entry.mode & SETID else entry.mode
                set_mode(fd, mode, folder.prefix + temporary)
                set_time(fd, entry.mtime)
                if self.fsync:
                    os.fsync(fd)
            finally:
                os.close(fd)
            put_in_place(folder, temporary, entry.name)
        except OSError:
            if folder.maybe_lstat(temporary) is not None:
                folder.unlink(temporary)
            raise

    def on_data(self, number, flags, offset, data):
        """Take a piece of a large file."""
        must(flags <= FIRST | LAST, "data with the flags %d", flags)
        if number in self.failed:
            return
        entry = self.entry_of(number)
        must(offset + len(data) <= entry.size, "data behind the end of %d", number)
        with self.trying(number, entry):
            if flags & FIRST:
                self.start(number, entry)
            must(
                self.arriving is not None and self.arriving.number == number,
                "data of %d without a beginning", number,
            )
            self.arriving.write(offset, data)
            if flags & LAST:
                self.install(number, entry)

    def trying(self, number, entry):
        """Return a context in which an error of the system is a problem of one file."""
        return Trying(self, number, entry)

    def fail(self, number, entry, error):
        """Give up one file, and say why."""
        path = self.tree.path(entry.folder, entry.name)
        try:
            self.forget(number)
        except OSError:
            self.arriving = None
        self.entries.pop(number, None)
        self.failed.add(number)
        self.problem(number, path, error)

    def start(self, number, entry):
        """Begin a file."""
        must(self.arriving is None, "data of %d in the middle of another file", number)
        must(entry.state in (WHOLE, LISTED), "data of %d, of which something else is expected", number)
        self.arriving = self.assembling.pop(number, None)
        if self.arriving is None:
            self.arriving = Arriving(self.tree.writable(entry.folder), entry)
        self.arriving.number = number

    def install(self, number, entry):
        """End a file: check it, and let it become visible."""
        arriving = self.arriving
        if not arriving.complete():
            self.give_up()
            self.say_whole(number)
            return
        arriving.install(self.tree.writable(entry.folder), entry, self.fsync)
        self.arriving = None
        del self.entries[number]
        self.got.append(number)

    def say_whole(self, number):
        """Ask for the content in full."""
        entry = self.entries[number]
        entry.state, entry.whole, entry.bases = WHOLE, True, []
        self.say(u"whole", number)

    def say_got(self):
        """Say which files are complete. Spec: RS-043."""
        if self.got:
            got, self.got = self.got, []
            self.say(u"got", pack_numbers(got))

    # -- content that is put together --------------------------------------------------------------

    def on_chunks(self, number, level, first, compression, size, table, digest):
        """Take a piece of a list of chunks; when it is complete, look what is here of it."""
        if number in self.failed:
            return
        entry = self.entry_of(number)
        must(isinstance(table, bytes), "the table %.100r", table)
        must_be_number(level, 0, len(LEVELS) - 1)
        must(entry.state == CHUNKS, "a list of %d, of which something else is expected", number)
        if first == 0:
            must(not self.lists, "a list of %d in the middle of another, or a second one", number)
            must(len(self.waiting_lists()) < MOST_LISTS, "more than %d lists", MOST_LISTS)
            self.lists[number] = Records(level)
        records = self.lists.get(number)
        must(
            records is not None and records.level == level and first == len(records.lengths),
            "a piece of a list of %d that does not follow", number,
        )
        records.add(self.unpack(compression, table, 0, size))
        waiting = self.waiting_lists()
        must(len(waiting) == 1 or sum(len(one.lengths) for one in waiting) <= MOST_RECORDS, "too many records")
        if digest is None:
            return
        must(isinstance(digest, bytes) and len(digest) == 32, "the digest %.100r", digest)
        records.digest = digest
        records.arrange(entry.size)
        entry.state = LISTED
        del self.lists[number]
        with self.trying(number, entry):
            self.assemble(number, entry, records)

    def waiting_lists(self):
        """Return the lists that came and whose files are not complete. Spec: RS-052."""
        assembling = list(self.assembling.values()) + [self.arriving]
        return list(self.lists.values()) + [one.records for one in assembling if isinstance(one, Assembling)]

    def assemble(self, number, entry, records):
        """Look for chunks in what is here, and say which are missing."""
        files = {}
        try:
            for place in entry.bases:
                fd = self.open_base(*place)
                if fd is None:
                    continue
                files[len(files)] = fd
                there = os.fstat(fd)
                same = records.match(len(files) - 1, fd, there, records.digest, self.alive)
                if same and place == (entry.folder, entry.name) and not entry.mode & SETID:
                    self.say(u"want", number, as_bytes(b""))
                    self.tree.folder(entry.folder).adjust(entry.name, entry.mode, entry.mtime)
                    del self.entries[number]
                    self.got.append(number)
                    return
                if not records.wanted:
                    break
            assembling = Assembling(self.tree.writable(entry.folder), entry, records, files, self.alive)
            assembling.number = number
            files = {}
        finally:
            for fd in files.values():
                os.close(fd)
        missing = records.missing()
        records.wanted = None
        self.assembling[number] = assembling
        flat = [value for pair in missing for value in pair]
        self.say(u"want", number, pack_numbers(flat))
        if not missing:
            self.arriving, waiting = self.assembling.pop(number), self.arriving
            try:
                self.install(number, entry)
            finally:
                if self.arriving is None:
                    self.arriving = waiting

    def open_base(self, folder, name):
        """Open a file that resembles another, or return None."""
        try:
            fd = self.tree.folder(folder).open(name, READ_FILE)
        except OSError:
            return None
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        return None

    def on_copy(self, number, folder, name, digest):
        """Copy a file that was sent before. Spec: RS-061."""
        if number in self.failed:
            return
        sha256 = load_sha256()
        entry = self.entry_of(number)
        must_be_number(folder)
        must(isinstance(name, bytes), "the name %.100r", name)
        check_name(name)
        must(folder == 0 or folder in self.tree.places, "a file in %d, which is no directory", folder)
        must(isinstance(digest, bytes) and len(digest) == 32, "the digest %.100r", digest)
        must(self.arriving is None, "a copy in the middle of another file")
        must(entry.state == WHOLE and not entry.whole, "a copy of %d, of which something else is expected", number)
        fd = self.open_base(folder, name)
        if fd is None:
            self.say_whole(number)
            return
        computed = sha256()
        try:
            with self.trying(number, entry):
                self.start(number, entry)
                at = 0
                data = read_at(fd, READ_BYTES, 0)
                while data and at <= entry.size:
                    computed.update(data)
                    self.arriving.put(at, data)
                    at += len(data)
                    self.alive()
                    data = read_at(fd, READ_BYTES, at)
                if at == entry.size and computed.digest() == digest:
                    self.install(number, entry)
                else:
                    self.give_up()
                    self.say_whole(number)
        finally:
            os.close(fd)

    # -- what changes ------------------------------------------------------------------------------

    def on_meta(self, number, mode, size, mtime):
        """A file has changed since the index."""
        if number in self.failed:
            return
        entry = self.entry_of(number)
        must_be_number(mode, 0, 0o7777)
        must_be_number(size, 0, 2**63 - 1)
        must_be_number(mtime, -2**63, 2**63 - 1)
        begun = number in self.lists or entry.state == LISTED or self.is_in_middle(number)
        must(not begun, "news of %d in its middle", number)
        entry.mode, entry.size, entry.mtime = mode, size, mtime
        entry.state = WHOLE

    def on_again(self, number):
        """What was sent of a file is not worth anything: it changed meanwhile."""
        if number not in self.failed:
            self.entry_of(number).state = CHANGED
            self.forget(number)

    def on_skip(self, number):
        """The sender cannot send it."""
        if number not in self.failed:
            self.entry_of(number)
            self.forget(number)
            del self.entries[number]

    def forget(self, number):
        """Let go of what has come of a file."""
        self.lists.pop(number, None)
        if self.is_in_middle(number):
            self.give_up()
        assembling = self.assembling.pop(number, None)
        if assembling is not None:
            assembling.discard(self.tree.writable(self.entries[number].folder))

    def give_up(self, keep=False):
        """Let go of what is not complete."""
        arriving, self.arriving = self.arriving, None
        if arriving is not None:
            arriving.discard(self.tree.writable(self.entries[arriving.number].folder), keep)

    # -- the end -----------------------------------------------------------------------------------

    def finish(self):
        """Remove what is not in the sender's tree, set what could not be set before, and say so."""
        must(self.is_listed, "the end before that of the index")
        must(self.dry or not self.entries, "the end while %d files are missing", len(self.entries))
        removed, size = [], 0
        for around, name, is_folder in self.extra if self.delete else ():
            path = self.tree.path(around, name)
            try:
                if not self.dry:
                    self.remove(around, name, is_folder)
            except OSError as error:
                self.problem(None, path, error)
                continue
            if removed and size + len(path) > REMOVED_BYTES:
                self.say(u"removed", as_bytes(b"\0".join(removed)))
                removed, size = [], 0
            removed.append(path)
            size += len(path) + 1
        if removed:
            self.say(u"removed", as_bytes(b"\0".join(removed)))
        if not self.dry:
            self.remove_unfinished()
            for number, error in self.tree.settle():
                self.problem(None, self.tree.path(number), error)
        self.say(u"done", {})

    def remove(self, around, name, is_folder):
        """Remove what the sender does not have."""
        folder = self.tree.writable(around)
        there = folder.maybe_lstat(name)
        if there is not None and stat.S_ISDIR(there.st_mode):
            must(is_folder, "%r has become a directory", name)
            remove_tree(folder, name)
        elif there is not None:
            folder.unlink(name)
        self.alive()

    def remove_unfinished(self):
        """Remove what earlier syncs left and nobody is at work on."""
        for around, name in [(around, name) for around in self.unfinished for name in self.unfinished[around]]:
            try:
                fd = self.open_base(around, name)
                if fd is None:
                    folder = self.tree.writable(around)
                    there = folder.maybe_lstat(name)
                    if there is not None and not stat.S_ISDIR(there.st_mode):
                        folder.unlink(name)
                    continue
                try:
                    if fcntl is not None:
                        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.tree.writable(around).unlink(name)
                finally:
                    os.close(fd)
            except (IOError, OSError):
                pass  # it belongs to another sync, or is gone

    def end(self):
        """Let go of everything; whatever happened, folders get their permissions back."""
        if self.tree is None or self.tree.root is None:
            return
        try:
            for number in list(self.assembling):
                self.forget(number)
            self.give_up(keep=True)
            if not self.dry:
                for _ in self.tree.settle():
                    pass
        except OSError:
            pass
        finally:
            if self.arriving is not None:
                self.arriving.close()
            for assembling in self.assembling.values():
                assembling.close()
            self.tree.close()

    def problem(self, number, path, error):
        """Say what could not be done; everything else goes on."""
        words = error.strerror or str(error)
        text = b"%s: %s" % (path, words.encode("utf-8") if not isinstance(words, bytes) else words)
        text = text.decode("utf-8", "replace")
        self.say(u"problem", number, text if len(text) <= LONGEST_PROBLEM else u"..." + text[3 - LONGEST_PROBLEM :])


class Trying(object):
    """A context in which an error of the system is a problem of one file, and of nothing else."""

    def __init__(self, receiver, number, entry):
        self.receiver = receiver
        self.number = number
        self.entry = entry

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if not isinstance(error, OSError):
            return False
        self.receiver.fail(self.number, self.entry, error)
        return True


def pack_numbers(numbers):
    """Return numbers as bytes, four for each."""
    return as_bytes(struct.pack(">%dI" % len(numbers), *numbers))


def look_around(path):
    """Look whether a directory that is not there could be made, as far as what is around it says."""
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


def read_table(table):
    """Yield the groups of a table of the index: number of the directory, flags, rows."""
    must(len(table) >= 8, "a table of %d bytes", len(table))
    count, groups = struct.unpack(">II", table[:8])
    must(groups * 12 + count * 19 + 12 <= len(table), "a table of %d entries in %d bytes", count, len(table))
    at = 8
    heads = struct.unpack(">%dI" % (3 * groups), table[at : at + 12 * groups])
    at += 12 * groups
    columns = []
    for letter, width in ("B", 1), ("H", 2), ("Q", 8), ("q", 8):
        columns.append(struct.unpack(">%d%s" % (count, letter), table[at : at + width * count]))
        at += width * count
    kinds, modes, sizes, mtimes = columns
    (length,) = struct.unpack(">I", table[at : at + 4])
    rest = bytes(table[at + 4 :])
    must(length <= len(rest), "a table that is cut off")
    names = rest[:length].split(b"\0") if count else []
    must(len(names) == count, "%d names for %d entries", len(names), count)
    texts = rest[length:].split(b"\0") if len(rest) > length else []
    links = sum(1 for kind in kinds if kind >= LINK)
    must(len(texts) == links and all(texts), "%d texts for %d links", len(texts), links)
    texts = iter(texts)
    must(set(kinds) <= {DIRECTORY, FILE, LINK, TREE_LINK}, "an entry of another kind")
    must(not count or (max(modes) < 0o10000 and max(sizes) < 2**63), "an entry with such permissions or size")
    must(all(kind == FILE or not size for kind, size in zip(kinds, sizes)), "a size of what is no file")
    must(not any(flags & MORE for flags in heads[2:-3:3]), "a group of which more follows is not the last")
    start = 0
    for number, size, flags in zip(heads[::3], heads[1::3], heads[2::3]):
        must(flags <= MORE | INCOMPLETE and start + size <= count, "a group of %d entries", size)
        rows = []
        for i in range(start, start + size):
            kind = kinds[i]
            rows.append((names[i], kind, modes[i], sizes[i], mtimes[i], next(texts) if kind >= LINK else None))
        yield number, flags, rows
        start += size
    must(start == count, "a table with %d entries of nothing", count - start)


def serve(channel):
    """Receive a tree on a channel."""
    global IMPORTS
    IMPORTS = getattr(channel.gateway, "_own_imports", IMPORTS)  # imported, it was not known
    Receiver(channel).run()


if __name__ == "__channelexec__":
    serve(channel)  # noqa: F821
