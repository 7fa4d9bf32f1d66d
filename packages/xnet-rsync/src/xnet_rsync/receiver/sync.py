"""One sync: what ``begin`` said of it, and what its parts share."""

import os

from .attributes import permitted
from .codes import (
    BUSY_S,
    FILE,
    LONGEST_PROBLEM,
    SETID,
    VERSION,
    ZSTD,
)
from .decompression import find_compressions, unpack
from .refusals import must, must_be_number
from .system import CLOCK
from .table import pack_numbers


class Sync(object):
    """What one sync is about, and how the sender is told of it.

    Attributes:
        path: The destination, an absolute path.
        root: Kind, permissions, size and time of entry 0.
        delete, checksum, fsync, delta, dry: As ``begin`` has them. Spec: chapter 67, The beginning.
        compressions: Those that were named in ``ready``.
        tree: The destination, once it is open.
        entries: By number, what is wanted and has not come.
        owners: By number, user and group at the sender, where permissions have setuid or setgid bits.
        failed: Numbers of files that failed; what still comes of these is ignored.
        got: Numbers of files that are complete, which the sender has not been told.
        plan: In a dry run, numbers of entries and what would be done with each, likewise.
    """

    def __init__(self, channel, message):
        """Take what ``begin`` says."""
        self.channel = channel
        self.said = CLOCK.monotonic()
        self.tree = None
        self.entries = {}
        self.owners = {}
        self.failed = set()
        self.got = []
        self.plan = ([], [])
        must(
            isinstance(message, list) and len(message) == 2 and message[0] == u"begin"
            and isinstance(message[1], dict), "%.100r is not begin", message,
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
        self.root = kind, mode, size, mtime

    def say(self, *message):
        """Send a message."""
        self.channel.send(list(message))
        self.said = CLOCK.monotonic()

    def alive(self):
        """Say that we are at work, if nothing else was said for a while. Spec: RS-005."""
        if CLOCK.monotonic() - self.said > BUSY_S:
            self.say(u"busy")

    def problem(self, number, path, error):
        """Say what could not be done; everything else goes on."""
        words = error.strerror or str(error)
        text = b"%s: %s" % (path, words.encode("utf-8") if not isinstance(words, bytes) else words)
        text = text.decode("utf-8", "replace")
        self.say(u"problem", number, text if len(text) <= LONGEST_PROBLEM else u"..." + text[3 - LONGEST_PROBLEM :])

    def say_got(self):
        """Say which files are complete. Spec: RS-043."""
        if self.got:
            got, self.got = self.got, []
            self.say(u"got", pack_numbers(got))

    def would(self, number, action):
        """Note what a dry run would do. Spec: RS-080."""
        if self.dry:
            self.plan[0].append(number)
            self.plan[1].append(action)

    def permitted(self, number, mode, there):
        """Return the permissions that an entry gets; ``there`` may be None in a dry run. Spec: RS-029."""
        return permitted(mode, self.owners.get(number), there) if mode & SETID and there is not None else mode

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
