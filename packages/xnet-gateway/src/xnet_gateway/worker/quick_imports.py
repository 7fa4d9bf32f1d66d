"""Loading our own modules in half of the time, while a worker starts: docs/decisions/0044.

A worker loads a hundred small modules before its first frame. Most of what that takes, the import system
spends on possibilities that there are not: other kinds of files, other places, bytecode to be written. Where
there is a file of bytecode that is up to date, as nearly always, this finds the same module and nothing else;
where not it finds nothing, and the import system does what it would have done.

Nothing is imported here that the interpreter has not loaded before.
"""

from __future__ import annotations

import marshal
import sys
from posix import O_CLOEXEC, O_RDONLY, close, read, stat
from posix import open as open_descriptor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib._bootstrap_external import MAGIC_NUMBER, SourceFileLoader
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Final
else:
    ModuleSpec = sys.modules["_frozen_importlib"].ModuleSpec
    _external = sys.modules["_frozen_importlib_external"]
    MAGIC_NUMBER, SourceFileLoader = _external.MAGIC_NUMBER, _external.SourceFileLoader

PACKAGES: Final = ("xnet_channel", "xnet_gateway", "xnet_wire")
#: Twice what the largest module has; what does not fit in is left to the import system.
MOST_BYTES: Final = 65_536
#: What follows says time and size of the source, in four bytes each.
_BEGINNING: Final = MAGIC_NUMBER + b"\0\0\0\0"
_HEAD_BYTES: Final = 16
_MASK: Final = 0xFFFF_FFFF


class Loader(SourceFileLoader):
    """What Python has for files of source code, with the code of the module at hand for the first time."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code: CodeType | None = code

    def exec_module(self, module: ModuleType) -> None:
        """Execute the code; when the module is loaded again, what is in the file by then."""
        code, self._code = self._code, None
        if code is None:
            super().exec_module(module)
        else:
            exec(code, module.__dict__)


class Finder:
    """Finds modules in our packages, but not the packages themselves: somebody has to know where they are."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        """See ``importlib.abc.MetaPathFinder``."""
        package, _, last = name.rpartition(".")
        if not path or package.partition(".")[0] not in PACKAGES:
            return None
        folder = path[0]
        return _find(name, folder, last) or _find(name, f"{folder}/{last}", "__init__")


def _find(name: str, folder: str, last: str) -> ModuleSpec | None:
    source = f"{folder}/{last}.py"
    cached = f"{folder}/__pycache__/{last}.{sys.implementation.cache_tag}.pyc"
    try:
        found = stat(source)
        fd = open_descriptor(cached, O_RDONLY | O_CLOEXEC)
        try:
            data = read(fd, MOST_BYTES)
        finally:
            close(fd)
    except OSError:
        return None
    time, size = int(found.st_mtime) & _MASK, found.st_size & _MASK
    head = _BEGINNING + time.to_bytes(4, "little") + size.to_bytes(4, "little")
    if data[:_HEAD_BYTES] != head or len(data) == MOST_BYTES:
        return None
    loader = Loader(name, source, marshal.loads(memoryview(data)[_HEAD_BYTES:]))
    spec = ModuleSpec(name, loader, origin=source, is_package=last == "__init__")
    spec.has_location = True
    spec.cached = cached
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(folder)
    return spec


def begin() -> None:
    """Have modules found here, if bytecode is where it usually is."""
    if sys.implementation.name != "cpython" or sys.pycache_prefix is not None or sys.flags.optimize:
        return
    for place, finder in enumerate(sys.meta_path):
        if getattr(finder, "__name__", "") == "PathFinder":  # who is before it has come to be asked first
            sys.meta_path.insert(place, Finder)
            return


def end() -> None:
    """Leave imports to the import system again: code that is executed finds it as it is everywhere."""
    if Finder in sys.meta_path:
        sys.meta_path.remove(Finder)
