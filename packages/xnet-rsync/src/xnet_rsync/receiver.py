# -*- coding: utf-8 -*-
"""The receiving side of a tree sync, for every Python from 2.7 on, in one file.

It shares no code with the sender and imports the standard library only: it is sent, as text, to interpreters
that have nothing of ours. Where our packages are installed it is imported instead, which is quicker.

What is said on the channel is in 67-rsync.md of the specification. The order of this file: the platform,
folders, what is there, what arrives, the conversation.

Everything the sender says is hostile until checked. A name is one component of a path, never a path; folders
are opened one by one without following links, and all work is done relative to such a descriptor. So a link
that was planted in the destination, by an earlier message or by somebody else, leads nowhere.
"""

import binascii
import errno
import os
import stat
import struct
import sys
import zlib
from collections import OrderedDict

VERSION = 1
DIRECTORY, FILE, LINK, TREE_LINK = 1, 2, 3, 4
WHOLE, DELTA = 1, 2
PACK, DATA = 1, 2
FIRST, LAST = 1, 2
MORE, INCOMPLETE = 1, 2
STORED, ZLIB = 0, 1
#: Most bytes that a content message or a table of the index has, uncompressed. Spec: RS-013.
MOST_BYTES = 1048576
#: Files of ours that are not finished. Nobody else's names begin like this. Spec: RS-031.
TEMPORARY = b".xnet-rsync-"
#: Less than this of an unfinished file is not kept for the next time.
WORTH_KEEPING_BYTES = 65536
#: How many folders are open at a time.
OPEN_FOLDERS = 32

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

if OLD:
    # Bytes of Python 2 are text to the connection; this is what it takes for bytes.
    as_bytes = bytearray
    part = buffer  # noqa: F821

    def mtime_ns(found):
        return int(round(found.st_mtime * 1e9))

    def same_time(one, other):
        # It has neither nanoseconds nor a way to set them.
        return abs(one - other) < 2000

    def encode_path(name):
        return name if isinstance(name, bytes) else name.encode(sys.getfilesystemencoding() or "utf-8")

else:
    as_bytes = bytes

    def part(data, start, size):
        return memoryview(data)[start : start + size]

    def mtime_ns(found):
        return found.st_mtime_ns

    def same_time(one, other):
        return one == other

    encode_path = os.fsencode


class Refused(Exception):
    """The sender said what it must not say. Spec: RS-003."""


def must(condition, text, *values):
    """Refuse what the sender said unless the condition holds."""
    if not condition:
        raise Refused("rsync: refused what the sender said: " + text % values)


def is_whole_number(value, least, most):
    """Return whether a value of a message is a number in a range."""
    return isinstance(value, int if not OLD else (int, long)) and not isinstance(value, bool) and (  # noqa: F821
        least <= value <= most
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
            with os.scandir(self.fd) as entries:
                for entry in entries:
                    try:
                        found[encode_path(entry.name)] = entry.stat(follow_symlinks=False)
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


def name_mark(name):
    """Return 16 digits for a name."""
    marks = (zlib.crc32(name) & 0xFFFFFFFF, zlib.crc32(name, 0x55555555) & 0xFFFFFFFF)
    return ("%08x%08x" % marks).encode("ascii")


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
    # Of the open folders the deepest is last; the list says what is still to be done in each.
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
            if stat.S_ISDIR(there.st_mode):
                deeper = enter(inside, entry)
                opened.append(deeper)
                pending.append(list(deeper.names().items()))
                path.append(entry)
            else:
                inside.unlink(entry)
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


# -- what is wanted -------------------------------------------------------------------------------


class Entry(object):
    """What the sender has, and we have not."""

    __slots__ = ("folder", "mode", "mtime", "name", "size")

    def __init__(self, folder, name, mode, size, mtime):
        self.folder = folder
        self.name = name
        self.mode = mode
        self.size = size
        self.mtime = mtime


class Tree(object):
    """The destination: which folders it has, by the numbers the sender gave them."""

    def __init__(self, root):
        self.root = root
        # number -> (number of the folder around it, name)
        self.places = {}
        self.open = OrderedDict()
        # number -> (permissions, time): what is set when everything else is done
        self.pending = {}
        self.touched = set()

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
        while number:
            number, name = self.places[number]
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


class Arriving(object):
    """A file that is being written under another name."""

    def __init__(self, folder, entry):
        self.temporary = temporary_name(entry.name)
        self.fd = folder.open(self.temporary, CREATE_FILE)
        self.at = 0

    def write(self, offset, data):
        """Write a piece; what was left out before it is a hole."""
        must(offset >= self.at, "data at %d come after data at %d", offset, self.at)
        if offset != self.at:
            os.lseek(self.fd, offset, os.SEEK_SET)
        if len(data):
            write_all(self.fd, data)
        self.at = offset + len(data)

    def install(self, folder, entry, fsync):
        """Give it its permissions, its time and its name, at once."""
        if self.at != entry.size or not self.at:
            os.ftruncate(self.fd, entry.size)
        set_mode(self.fd, entry.mode, folder.prefix + self.temporary)
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

    def discard(self, folder):
        """Give it up, unless so much has arrived that the next run will be glad of it."""
        self.close()
        if self.at < WORTH_KEEPING_BYTES:
            folder.unlink(self.temporary)


def put_in_place(folder, temporary, name):
    """Let something become visible under its name, in the place of whatever was there."""
    try:
        folder.rename(temporary, name)
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        remove_tree(folder, name)
        folder.rename(temporary, name)


# -- the conversation -----------------------------------------------------------------------------


def unpack_body(compression, data, start, size):
    """Return the uncompressed rest of a message.

    Args:
        size: How much it has to be, at most MOST_BYTES. No more memory is spent.
    """
    must(size <= MOST_BYTES, "a message of %d bytes", size)
    if compression == STORED:
        must(len(data) - start == size, "%d bytes announced, %d sent", size, len(data) - start)
        return part(data, start, size)
    must(compression == ZLIB, "the compression %r", compression)
    reader = zlib.decompressobj()
    body = reader.decompress(bytes(data[start:]), size + 1)
    must(len(body) == size and not reader.unconsumed_tail, "%d bytes announced, others sent", size)
    return body


class Receiver(object):
    """One sync, from ``begin`` to ``done``."""

    def __init__(self, channel):
        self.channel = channel
        self.tree = None
        self.entries = {}  # what is wanted and has not come
        self.next_number = 1
        self.listing = None  # (folder, what is there and was not named yet, names so far)
        self.fresh = set()  # folders that were made by us and so are empty
        self.broken = set()  # folders that could not be made
        self.extra = []  # (folder, name)
        self.arriving = None  # (number, Arriving)
        self.got = []
        self.handlers = {
            u"index": self.on_index,
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
                    continue
                must(isinstance(message, list) and message, "%r is no message", message)
                if message[0] == u"finish":
                    break
                handler = self.handlers.get(message[0])
                must(handler is not None, "the unknown message %r", message[0])
                handler(*message[1:])
            self.finish()
        finally:
            self.end()

    def begin(self, message):
        """Open the destination."""
        must(isinstance(message, list) and len(message) == 2 and message[0] == u"begin", "%r is no begin", message)
        options = message[1]
        must(options.get(u"version") == VERSION, "version %r, expected %d", options.get(u"version"), VERSION)
        path = options[u"dest"]
        must(isinstance(path, bytes) and path and b"\0" not in path, "the destination %r", path)
        self.delete = bool(options.get(u"delete"))
        self.fsync = bool(options.get(u"fsync"))
        kind, mode, size, mtime = options[u"root"]
        path = os.path.abspath(path)
        self.path = path
        if kind == FILE:
            parent, name = os.path.split(path)
            check_name(name)
            make_folders(parent)
            self.tree = Tree(Folder(parent))
            there = self.tree.root.maybe_lstat(name)
            self.ready()
            needs, kinds = [], []
            self.judge(0, 0, there, needs, kinds, name, kind, mode, size, mtime, None)
            self.answer(0, needs, kinds)
            return
        made = make_folders(path)
        self.tree = Tree(Folder(path))
        there = os.fstat(self.tree.root.fd) if self.tree.root.fd is not None else os.stat(path)
        if made or stat.S_IMODE(there.st_mode) != mode or not same_time(mtime_ns(there), mtime):
            self.tree.pending[0] = (mode, mtime)
        if made:
            self.fresh.add(0)
        self.ready()

    def ready(self):
        """Say who we are."""
        self.channel.send([u"ready", {u"version": VERSION, u"dest": as_bytes(self.path)}])

    # -- the index ---------------------------------------------------------------------------------

    def on_index(self, first, compression, size, table):
        """Compare a table of the sender's tree with what is here, and say what is needed."""
        must(first == self.next_number, "entries from %r on, expected %d", first, self.next_number)
        needs, kinds = [], []
        for number, flags, rows in read_table(unpack_body(compression, table, 0, size)):
            must(number == 0 or number in self.tree.places or number in self.broken,
                 "entries of %d, which is no folder", number)
            self.compare(number, flags, rows, needs, kinds)
        self.answer(first, needs, kinds)

    def answer(self, first, needs, kinds):
        self.channel.send([
            u"needs", first, as_bytes(struct.pack(">%dI" % len(needs), *needs)), as_bytes(bytearray(kinds)),
        ])

    def compare(self, folder_number, flags, rows, needs, kinds):
        """Compare one folder, or a piece of it."""
        if self.listing is not None and self.listing[0] == folder_number:
            _, there, seen = self.listing
        else:
            must(self.listing is None, "the rest of folder %d is missing", self.listing and self.listing[0])
            seen = set()
            if folder_number in self.broken:
                there = {}
            elif folder_number in self.fresh:
                self.fresh.discard(folder_number)
                there = {}
            else:
                there = self.tree.folder(folder_number).names()
        number = self.next_number
        broken = folder_number in self.broken
        for row in rows:
            name = row[0]
            check_name(name)
            must(name not in seen, "the name %r comes twice in a folder", name)
            seen.add(name)
            try:
                if broken:
                    if row[1] == DIRECTORY:
                        self.broken.add(number)
                else:
                    self.judge(number, folder_number, there.pop(name, None), needs, kinds, *row)
            except OSError as error:
                if row[1] == DIRECTORY:
                    self.broken.add(number)
                self.problem(number, self.tree.path(folder_number, name), error)
            number += 1
        self.next_number = number
        if flags & MORE:
            self.listing = (folder_number, there, seen)
            return
        self.listing = None
        if not flags & INCOMPLETE:
            for name in there:
                if self.delete or name.startswith(TEMPORARY):
                    self.extra.append((folder_number, name))

    def judge(self, number, around, there, needs, kinds, name, kind, mode, size, mtime, text):
        """Look at one entry: do at once what needs no content, or note that it is needed."""
        tree = self.tree
        if kind == FILE:
            if there is not None and stat.S_ISREG(there.st_mode):
                if there.st_size == size and same_time(mtime_ns(there), mtime):
                    if stat.S_IMODE(there.st_mode) != mode and not WINDOWS:
                        tree.folder(around).adjust(name, mode, None)
                    return
            self.entries[number] = Entry(around, name, mode, size, mtime)
            needs.append(number)
            kinds.append(WHOLE)
        elif kind == DIRECTORY:
            if there is None or not stat.S_ISDIR(there.st_mode):
                folder = tree.writable(around)
                if there is not None:
                    folder.unlink(name)
                folder.mkdir(name)
                self.fresh.add(number)
                tree.pending[number] = (mode, mtime)
            elif stat.S_IMODE(there.st_mode) != mode or not same_time(mtime_ns(there), mtime):
                tree.pending[number] = (mode, mtime)
            tree.places[number] = (around, name)
        else:
            must(kind in (LINK, TREE_LINK), "the kind %r", kind)
            if kind == TREE_LINK:
                text = os.path.join(self.path, text)
            self.link(around, name, there, text, mtime)

    def link(self, around, name, there, text, mtime):
        """Make a link, unless it is there."""
        folder = self.tree.folder(around)
        if there is not None and stat.S_ISLNK(there.st_mode) and folder.readlink(name) == text:
            if not same_time(mtime_ns(there), mtime):
                folder.set_link_time(name, mtime)
            return
        folder = self.tree.writable(around)
        temporary = temporary_name(name)
        folder.symlink(text, temporary)
        folder.set_link_time(temporary, mtime)
        put_in_place(folder, temporary, name)

    # -- content -----------------------------------------------------------------------------------

    def on_content(self, message):
        """Take bytes of files."""
        kind = bytearray(message[:1])[0] if message else 0
        if kind == PACK:
            must(len(message) >= 10, "a pack of %d bytes", len(message))
            _, compression, size, count = struct.unpack(">BBII", message[:10])
            must(count * 8 <= size, "a pack of %d files in %d bytes", count, size)
            self.on_pack(count, unpack_body(compression, message, 10, size))
        else:
            must(kind == DATA and len(message) >= 19, "content of the kind %d", kind)
            _, compression, flags, number, offset, size = struct.unpack(">BBBIQI", message[:19])
            self.on_data(number, flags, offset, unpack_body(compression, message, 19, size))
        if self.got:
            got, self.got = self.got, []
            self.channel.send([u"got", as_bytes(struct.pack(">%dI" % len(got), *got))])

    def on_pack(self, count, body):
        """Take whole small files."""
        heads = struct.unpack(">%dI" % (2 * count), body[: 8 * count])
        at = 8 * count
        for number, size in zip(heads[::2], heads[1::2]):
            entry = self.entries.get(number)
            must(entry is not None, "content of %d, which is not wanted", number)
            must(at + size <= len(body), "a pack that is too short")
            self.whole(number, entry, part(body, at, size))
            at += size
        must(at == len(body), "a pack that is too long")

    def whole(self, number, entry, data):
        """Write a file whose content is in one piece."""
        must(len(data) == entry.size, "%d bytes for a file of %d", len(data), entry.size)
        del self.entries[number]
        try:
            folder = self.tree.writable(entry.folder)
            arriving = Arriving(folder, entry)
            try:
                arriving.write(0, data)
                arriving.install(folder, entry, self.fsync)
            except OSError:
                arriving.at = 0
                arriving.discard(folder)
                raise
        except OSError as error:
            self.problem(number, self.tree.path(entry.folder, entry.name), error)
        else:
            self.got.append(number)

    def on_data(self, number, flags, offset, data):
        """Take a piece of a large file."""
        entry = self.entries.get(number)
        must(entry is not None, "content of %d, which is not wanted", number)
        must(offset + len(data) <= entry.size, "data behind the end of %d", number)
        try:
            if flags & FIRST:
                self.give_up()
                self.arriving = number, Arriving(self.tree.writable(entry.folder), entry)
            if self.arriving is None and self.failed == number:
                return  # the sender has not heard of it yet
            must(self.arriving is not None and self.arriving[0] == number, "data of %d without a beginning", number)
            arriving = self.arriving[1]
            arriving.write(offset, data)
            if flags & LAST:
                arriving.install(self.tree.writable(entry.folder), entry, self.fsync)
                self.arriving = None
                del self.entries[number]
                self.got.append(number)
        except OSError as error:
            self.give_up()
            self.failed = number
            self.problem(number, self.tree.path(entry.folder, entry.name), error)

    failed = None

    def on_meta(self, number, mode, size, mtime):
        """A file has changed since the index."""
        entry = self.entries.get(number)
        must(entry is not None, "news of %r, which is not wanted", number)
        entry.mode, entry.size, entry.mtime = mode, size, mtime

    def on_again(self, number):
        """What was sent of a file is not worth anything: it changed meanwhile."""
        if self.arriving is not None and self.arriving[0] == number:
            self.give_up()

    def on_skip(self, number):
        """The sender cannot send it."""
        must(number in self.entries, "no content of %r, which is not wanted", number)
        self.on_again(number)
        del self.entries[number]

    def give_up(self):
        """Let go of what is not complete."""
        if self.arriving is not None:
            number, arriving = self.arriving
            self.arriving = None
            arriving.discard(self.tree.writable(self.entries[number].folder))

    # -- the end -----------------------------------------------------------------------------------

    def finish(self):
        """Remove what is not in the sender's tree, set what could not be set before, and say so."""
        must(self.listing is None, "the end in the middle of a folder")
        for around, name in self.extra:
            try:
                folder = self.tree.writable(around)
                there = folder.maybe_lstat(name)
                if there is not None and stat.S_ISDIR(there.st_mode):
                    remove_tree(folder, name)
                elif there is not None:
                    folder.unlink(name)
            except OSError as error:
                self.problem(None, self.tree.path(around, name), error)
        self.settle()
        self.channel.send([u"done", {}])

    def settle(self):
        for number, error in self.tree.settle():
            self.problem(number or None, self.tree.path(number), error)

    def end(self):
        """Let go of everything; whatever happened, folders get their permissions back."""
        if self.tree is None:
            return
        try:
            self.give_up()
            for _ in self.tree.settle():
                pass
        except OSError:
            pass
        finally:
            self.tree.close()

    def problem(self, number, path, error):
        """Say what could not be done; everything else goes on."""
        words = error.strerror or str(error)
        text = b"%s: %s" % (path, words.encode("utf-8") if not isinstance(words, bytes) else words)
        self.channel.send([u"problem", number, text.decode("utf-8", "replace")])


def make_folders(path):
    """Make a directory and those around it; return whether it was missing."""
    try:
        os.makedirs(path)
    except OSError:
        if not os.path.isdir(path):
            raise
        return False
    return True


def read_table(table):
    """Yield the groups of a table of the index: number of the folder, flags, rows."""
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
    texts = iter(rest[length:].split(b"\0"))
    start = 0
    for number, size, flags in zip(heads[::3], heads[1::3], heads[2::3]):
        rows = []
        for i in range(start, start + size):
            must(i < count, "a table of %d entries for more", count)
            kind = kinds[i]
            text = next(texts, b"") if kind >= LINK else None
            must(text != b"", "a link without a text")
            must(modes[i] < 0o10000, "the permissions %o", modes[i])
            rows.append((names[i], kind, modes[i], sizes[i], mtimes[i], text))
        yield number, flags, rows
        start += size
    must(start == count, "a table with %d entries of nothing", count - start)


def serve(channel):
    """Receive a tree on a channel."""
    Receiver(channel).run()


if __name__ == "__channelexec__":
    serve(channel)  # noqa: F821
