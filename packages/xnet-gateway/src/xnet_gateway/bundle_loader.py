"""The far half of a bundle: modules that came as text, each executed when it is first needed.

``bundle`` sends this file in front of the modules, to Python 2.7 and all later ones. In the far interpreter

- ``from .other import name`` executes ``other`` first, as everywhere;
- ``from . import other`` gives a stand-in, and ``other`` is neither compiled nor executed before something of it is
  asked for.

Whatever code has done to imports in the meantime does not matter, be it that ``sys.modules`` is empty, that
``sys.path`` and ``sys.meta_path`` are others, or that ``__import__`` is gone: while a module is executed, imports go
through ``Bundle.import_``, which looks at the bundle first and finds its modules without any of these.
"""

import sys

try:
    from _thread import allocate_lock, get_ident
except ImportError:  # Python 2
    from thread import allocate_lock, get_ident

compiled, execute = compile, eval  # which code of a sandbox takes away; of a code object, `eval` does what `exec` does
BUILTINS = __import__("builtins" if sys.version_info[0] > 2 else "__builtin__").__dict__
NONE = object()
#: In Python 2, too, `import this` is not one of the modules beside.
FLAGS = 0 if sys.version_info[0] > 2 else 0x4000


class Later(object):
    """Stands for a module that is not executed yet, and then has what that has."""

    def __init__(self, load):
        self.__load = load

    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)  # somebody looks at all there is; no module has such names for others
        self.__dict__.update(self.__load().__dict__)
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(name)


class Bundle(object):
    """The modules of one package.

    Args:
        package: The module that stands for the package; it is in ``sys.modules``.
        title: Tracebacks call a module ``<title/module.py>``.
        names: Its modules.
        texts: The source of each, in the same order, or of the first ones.
        rest: A function that returns a list of the others.
        codes: Compiled modules, in place of the source: functions that return a code object, by name.

    Threads: any may load.
    """

    def __init__(self, package, title, names, texts, rest, codes):
        self.package, self.name, self.title = package, package.__name__, title
        self.names, self._texts, self._rest = list(map(str, names)), texts, rest
        self.codes = codes
        self.loaded = {}
        self.forget_threads()
        self._standard = self._theirs = BUILTINS["__import__"]
        self._registered = sys.modules
        package.__path__ = []
        for name in self.names:
            setattr(package, name, Later(lambda name=name: self.load(name)))

    def file(self, name):
        """Return what tracebacks call a module."""
        return "<%s/%s.py>" % (self.title, name)

    def source(self, name):
        """Return the text of a module, as it was sent."""
        at = self.names.index(name)
        if at >= len(self._texts):
            self._texts = self._texts + self._rest()  # in one step: other threads may do the same
        return self._texts[at]

    def forget_threads(self):
        """Forget who loads: for a forked child, in which no thread is but its own."""
        self._lock = allocate_lock()
        self._owner = None

    def load(self, name):
        """Return a module; the first time it is executed."""
        if name in self.loaded:
            return self.loaded[name]
        if self._owner == get_ident():  # a module that is being executed imports this one
            return self._execute(name)
        with self._lock:
            self._owner = get_ident()
            try:
                return self._execute(name)
            finally:
                self._owner = None

    def _execute(self, name):
        # An interrupt in the middle leaves nothing: what is half done is not seen by anybody.
        if name in self.loaded:
            return self.loaded[name]
        module = type(sys)("%s.%s" % (self.name, name))
        module.__package__ = self.name
        before = BUILTINS.get("__import__", NONE)
        inner = self._is_asked_by(before)
        if not inner:
            self._theirs = before if callable(before) else self._standard
            BUILTINS["__import__"] = self.import_
        try:
            if name in self.codes:
                code = self.codes[name]()
            else:
                code = compiled(self.source(name), self.file(name), "exec", FLAGS, True)
            execute(code, module.__dict__)
        finally:
            # Else code in another thread has put in one of its own.
            if not inner and BUILTINS.get("__import__") == self.import_:
                if before is NONE:
                    del BUILTINS["__import__"]
                else:
                    BUILTINS["__import__"] = before
        if name not in self.loaded:  # else a finaliser, or a handler of signals, was quicker
            self._registered[module.__name__] = self.loaded[name] = module
            setattr(self.package, name, module)
        return self.loaded[name]

    def _is_asked_by(self, function):
        # Another bundle may have put its own in front of ours, and asks it: asked in turn, neither would ever answer.
        while function != self.import_:
            bundle = getattr(function, "__self__", None)
            function = getattr(bundle, "_theirs", NONE)
            if function is NONE:
                return False
        return True

    def import_(self, name, globals=None, locals=None, fromlist=(), *level, **named):
        """Import, as ``__import__`` does: what is of this bundle from here, all else as those do who are asked."""
        if level == (1,) and globals and globals.get("__package__") == self.name:
            return self.load(name) if name else self.package
        return self._theirs(name, globals, locals, fromlist, *level, **named)
