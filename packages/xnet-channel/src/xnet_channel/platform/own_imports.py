"""Imports that work when executed code has changed how imports work.

Code in a worker may do what it likes with ``sys.path``, ``sys.meta_path``, ``sys.path_hooks``, builtins and
``sys.modules``: pytest-xdist gives its workers the path of another process, sandboxes take ``open`` and
``__import__`` away. What a worker loads after its first execution, because that is slow and seldom needed
(tracebacks, event loops), it loads in a block ``with OWN_IMPORTS:``. In there this thread imports as it did
when the worker began, and what was there then is there again; after it everything is as the code wants it.

In an initiator nothing was kept, and such a block changes nothing: how imports work there is the program's.
"""

from __future__ import annotations

import builtins
import sys

from xnet_channel.platform.native import OS, allocate_lock, get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Final

#: Stands for a builtin that is not there.
_MISSING: Final = object()


class OwnImports:
    """How imports worked at the beginning, and the way back there. Use ``OWN_IMPORTS``.

    Threads: all methods from any; blocks may be nested, and entered by several threads at a time.
    """

    def __init__(self) -> None:
        self._find: list[Callable[..., ModuleSpec | None]] = []
        self._path: list[str] = []
        self._hooks: list[Callable[[str], Any]] = []
        self._finders: dict[str, Any] = {}
        self._modules: dict[str, ModuleType] = {}
        self._builtins: dict[str, Any] = {}
        self._loaded: dict[str, Any] = {}
        self._forget_threads()

    def _forget_threads(self) -> None:
        self._pid = OS.getpid()
        self._lock = allocate_lock()
        self._inside: dict[int, int] = {}  # how many blocks each thread is in
        self._put_back: dict[str, ModuleType] = {}
        self._changed: dict[str, Any] = {}
        self._odd_meta_path: list[Any] = []

    def keep(self) -> None:
        """Take note of how imports work now, the first time: a worker does it before it executes anything."""
        if self._find:
            return
        self._path = [entry for entry in sys.path if entry]  # what lies in the working directory is not ours
        self._hooks = list(sys.path_hooks)
        self._finders = dict(sys.path_importer_cache)
        self._find = [
            self._find_in_path if getattr(finder, "__name__", "") == "PathFinder" else finder.find_spec
            for finder in sys.meta_path
            if hasattr(finder, "find_spec")
        ]
        self._modules = dict(sys.modules)
        self._builtins = dict(builtins.__dict__)

    def __enter__(self) -> None:
        if not self._find:
            return
        if OS.getpid() != self._pid:
            self._forget_threads()  # of the parent
        me = get_ident()
        with self._lock:
            self._restore_locked()
            self._inside[me] = self._inside.get(me, 0) + 1  # last: an interrupt may come before

    def __exit__(self, *error: object) -> None:
        me = get_ident()
        with self._lock:
            left = self._inside.get(me, 1) - 1
            if left:
                self._inside[me] = left
                return
            self._inside.pop(me, None)
            if not self._inside:
                self._undo_locked()

    def module(self, name: str) -> Any:
        """Return a module, which is loaded in such a block and kept here: asking again costs little."""
        if name not in self._loaded:
            with self:
                self._loaded[name] = __import__(name, fromlist=["__name__"])
        return sys.modules.get(name) or self._loaded[name]

    @property
    def entered(self) -> bool:
        """Whether this thread is in such a block."""
        return get_ident() in self._inside

    def find_spec(self, name: str, path: Iterable[str] | None = None, target: object = None) -> Any:
        """Find a module as in the beginning, for threads in a block; for others, find nothing.

        Raises:
            ModuleNotFoundError: In a block, for what could not be found in the beginning.
        """
        if get_ident() not in self._inside:
            return None
        for find in self._find:
            spec = find(name, path, target)
            if spec is not None:
                return spec
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)  # no finder of the code's is asked

    # Builtins that code may have taken away are not used here: no `len`, no `isinstance`.

    def _restore_locked(self) -> None:
        there = sys.modules
        for name, module in self._modules.items():
            if name not in there:
                there[name] = self._put_back[name] = module
        there["sys"], there["builtins"] = sys, builtins  # made anew they lack half
        names = builtins.__dict__
        for name, value in self._builtins.items():
            now = names.get(name, _MISSING)
            # Other changes stay: who has put in another `open` needs it in all threads at all times.
            if now is not value and (name == "__import__" or now is _MISSING or now is None):
                self._changed.setdefault(name, now)
                names[name] = value
        theirs = sys.__dict__.get("meta_path", _MISSING)
        if type(theirs) is not list:  # with which nothing can be imported at all
            self._odd_meta_path.append(theirs)
            sys.meta_path = theirs = []
        if self not in theirs:
            theirs.insert(0, self)

    def _undo_locked(self) -> None:
        while self._put_back:
            name, module = self._put_back.popitem()
            if sys.modules.get(name) is module:
                del sys.modules[name]
        names = builtins.__dict__
        while self._changed:
            name, value = self._changed.popitem()
            if names.get(name, _MISSING) is not self._builtins[name]:
                continue  # the code has changed it meanwhile
            if value is _MISSING:
                del names[name]
            else:
                names[name] = value
        theirs = sys.__dict__.get("meta_path", _MISSING)
        if type(theirs) is list and self in theirs:
            theirs.remove(self)
        while self._odd_meta_path:
            odd = self._odd_meta_path.pop()
            if odd is not _MISSING:
                sys.meta_path = odd
            else:
                sys.__dict__.pop("meta_path", None)

    def _find_in_path(self, name: str, path: Iterable[str] | None, target: object) -> Any:
        for entry in self._path if path is None else path:
            finder = self._finder_of(entry)
            spec = None if finder is None else finder.find_spec(name)
            if spec is not None and spec.loader is not None:
                return spec
        return None

    def _finder_of(self, entry: str) -> Any:
        if entry not in self._finders:
            self._finders[entry] = None
            for hook in self._hooks:
                try:
                    self._finders[entry] = hook(entry)
                except ImportError:
                    continue
                break
        return self._finders[entry]


#: Of this process.
OWN_IMPORTS: Final = OwnImports()
