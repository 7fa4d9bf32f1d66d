"""The conversation with a sender, from ``begin`` to ``done``."""

import os

from . import deletion, reuse
from .arrivals import Arrivals
from .codes import FILE, VERSION
from .comparison import Comparison
from .destination import Tree
from .names import check_name
from .opening import open_destination
from .refusals import must
from .sync import Sync
from .system import as_bytes


class Receiver(object):
    """One sync, from ``begin`` to ``done``."""

    def __init__(self, channel):
        self.channel = channel
        self.sync = None

    def run(self):
        """Obey the sender until it says finish."""
        self.sync = Sync(self.channel, self.channel.receive())
        self.comparison = Comparison(self.sync)
        self.arrivals = Arrivals(self.sync)
        self.handlers = {
            u"owners": self.comparison.on_owners,
            u"index": self.comparison.on_index,
            u"listed": self.comparison.on_listed,
            u"meta": self.arrivals.on_meta,
            u"again": self.arrivals.on_again,
            u"skip": self.arrivals.on_skip,
        }
        try:
            self.begin()
            while True:
                message = self.channel.receive()
                if isinstance(message, bytes):
                    self.arrivals.on_content(message)
                else:
                    must(isinstance(message, list) and message, "%.100r is not a message", message)
                    if message[0] == u"finish" and len(message) == 1:
                        break
                    handler = self.handler(message[0]) if isinstance(message[0], type(u"")) else None
                    must(handler is not None, "the unknown message %.100r", message[0])
                    must(
                        handler.__code__.co_argcount == len(message),
                        "%d elements of %s", len(message), message[0],
                    )
                    handler(*message[1:])
                self.sync.say_got()
            self.finish()
        finally:
            self.end()

    def handler(self, name):
        """Return what obeys a message, or None."""
        if name in (u"chunks", u"copy") and name not in self.handlers:
            found = reuse.Reuse(self.sync, self.arrivals)
            self.handlers.update({u"chunks": found.on_chunks, u"copy": found.on_copy})
        return self.handlers.get(name)

    def begin(self):
        """Open the destination."""
        path, kind = self.sync.path, self.sync.root[0]
        ready = {u"version": VERSION, u"dest": as_bytes(path), u"compression": self.sync.compressions}
        if kind == FILE:
            path, name = os.path.split(path)
            check_name(name)
        folder, made = open_destination(path, 0o777 if kind == FILE else 0o700, self.sync.dry)
        self.sync.tree = Tree(folder)
        self.sync.say(u"ready", ready)
        if kind == FILE:
            self.comparison.begin_file(name)
        else:
            self.comparison.begin_folder(made)

    def finish(self):
        """Remove what is not in the sender's tree, set what could not be set before, and say so."""
        must(self.comparison.is_listed, "the end before that of the index")
        must(self.sync.dry or not self.sync.entries, "the end while %d files are missing", len(self.sync.entries))
        extra, unfinished = self.comparison.extra, self.comparison.judge.unfinished
        if self.sync.delete and extra:
            deletion.remove_extra(self.sync, extra)
        if not self.sync.dry:
            if unfinished:
                deletion.remove_unfinished(self.sync.tree, unfinished)
            for number, error in self.sync.tree.settle():
                self.sync.problem(None, self.sync.tree.path(number), error)
        self.sync.say(u"done", {})

    def end(self):
        """Let go of everything; folders get their permissions back if the sync has broken off."""
        tree = self.sync.tree
        if tree is None or tree.root is None:
            return
        try:
            self.arrivals.end()
            if not self.sync.dry:
                tree.restore()
        except OSError:
            pass
        finally:
            self.arrivals.close()
            tree.close()
