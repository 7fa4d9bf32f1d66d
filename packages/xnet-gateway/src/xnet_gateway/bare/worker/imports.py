"""Imports that work as at the beginning, whatever executed code has done to them since."""

from .import_state import KEPT, OWN_IMPORTS, keep_imports
from .interpreter import PY2, allocate_lock, get_ident, sys
from .interrupts import Guard


def own_imports():
    if not OWN_IMPORTS:
        if not KEPT:
            keep_imports()
        OWN_IMPORTS.append(OwnImports())
    return OWN_IMPORTS[0]


class OwnImports(object):
    """In a block of this a thread imports as it did when this worker began, whatever executed code has done since to
    sys.path, sys.meta_path, sys.path_hooks, sys.modules and builtins. Afterwards all is as the code wants it."""

    def __init__(self):
        self.path, meta, self.hooks, self.finders, self.modules, self.names, self.builtins = KEPT
        self.path = [entry for entry in self.path if entry]  # what lies in the working directory is not ours
        self.find = [
            self.in_path if getattr(finder, "__name__", "") == "PathFinder" else finder.find_spec
            for finder in meta
            if hasattr(finder, "find_spec")
        ]
        self.guard = Guard(allocate_lock())
        self._inside = {}  # in how many blocks each thread is
        self.back = {}
        self.changed = {}
        self.odd = []

    def __enter__(self):
        me = get_ident()
        with self.guard:
            for name, module in self.modules.items():
                if name not in sys.modules:
                    sys.modules[name] = self.back[name] = module
            for name in "sys", "builtins", "__builtin__":
                if name in self.modules:
                    sys.modules[name] = self.modules[name]  # made anew they lack half
            for name, value in self.builtins.items():
                now = self.names.get(name, KEPT)
                # Other changes stay: who has put in another `open` needs it in all threads at all times.
                if now is not value and (name == "__import__" or now is KEPT or now is None):
                    self.changed.setdefault(name, now)
                    self.names[name] = value
            theirs = sys.__dict__.get("meta_path", KEPT)
            if type(theirs) is not list:  # with which nothing can be imported at all
                self.odd.append(theirs)
                sys.meta_path = theirs = []
            if self not in theirs:
                theirs.insert(0, self)
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *error):
        me = get_ident()
        with self.guard:
            self._inside[me] = self._inside.get(me, 1) - 1
            if not self._inside[me]:
                del self._inside[me]
            if self._inside:
                return
            while self.back:
                name, module = self.back.popitem()
                if sys.modules.get(name) is module:
                    del sys.modules[name]
            while self.changed:
                name, value = self.changed.popitem()
                if self.names.get(name, KEPT) is self.builtins[name]:
                    if value is KEPT:
                        del self.names[name]
                    else:
                        self.names[name] = value
            theirs = sys.__dict__.get("meta_path", KEPT)
            if type(theirs) is list and self in theirs:
                theirs.remove(self)
            while self.odd:
                sys.meta_path = self.odd.pop()
                if sys.meta_path is KEPT:
                    del sys.meta_path

    def find_spec(self, name, path=None, target=None):
        if get_ident() in self._inside:
            for find in self.find:
                spec = find(name, path, target)
                if spec is not None:
                    return spec
            raise ModuleNotFoundError("No module named %r" % name, name=name)

    def in_path(self, name, path, target):
        for entry in self.path if path is None else path:
            if entry not in self.finders:
                self.finders[entry] = None
                for hook in self.hooks:
                    try:
                        self.finders[entry] = hook(entry)
                        break
                    except ImportError:
                        pass
            finder = self.finders[entry]
            spec = None if finder is None else finder.find_spec(name)
            if spec is not None and spec.loader is not None:
                return spec

    def find_module(self, name, path=None):
        """As Python 2 asks."""
        if PY2 and get_ident() in self._inside:
            try:
                found = self.modules["imp"].find_module(name.rpartition(".")[2], self.path if path is None else path)
            except ImportError:
                return
            return Found(self.modules["imp"], found)


class Found(object):
    """A module that Python 2 has found."""

    def __init__(self, imp, found):
        self.imp, self.found = imp, found

    def load_module(self, name):
        try:
            return sys.modules.get(name) or self.imp.load_module(name, *self.found)
        finally:
            if self.found[0] is not None:
                self.found[0].close()
