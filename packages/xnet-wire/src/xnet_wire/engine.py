"""The compiled part of cbor2, without the start-up cost of the Python part around it.

``import cbor2`` runs a Python module that imports ``typing`` (and with it ``re``, ``contextlib``
and more) for names that only a type checker uses. That is two thirds of the time and is paid by
every worker, so the extension module is loaded directly here, under its own name. A later
``import cbor2`` finds it in ``sys.modules`` and works as ever, with the same classes.

Without it everything works, several times slower: see ``_Missing``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from cbor2 import CBORTag, dumps, loads

_EXTENSION = "cbor2._cbor2"


def _find_spec(name: str, path: list[str] | None) -> ModuleSpec | None:
    """Find a module as ``import`` would. The importlib package costs more than all it finds here."""
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)  # finders from before Python 3.4 have none
        spec: ModuleSpec | None = None if find_spec is None else find_spec(name, path)
        if spec is not None:
            return spec
    return None


def _load_extension() -> ModuleType | None:
    """Load the extension module alone, or return None where that is not possible.

    It is not possible when cbor2 is not a directory on the path with a compiled module in it
    (a frozen program, another import hook, a build without the extension).
    """
    package = _find_spec("cbor2", None)
    if package is None or package.submodule_search_locations is None:
        return None
    spec = _find_spec(_EXTENSION, package.submodule_search_locations)
    if spec is None or spec.loader is None:
        return None
    module = spec.loader.create_module(spec)
    if module is None:
        return None
    module.__spec__ = spec
    sys.modules[_EXTENSION] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_EXTENSION]
        raise
    return module


class _Missing:
    """Stands for a cbor2 that cannot be loaded: gives up on every item, so the exact codec does them all."""

    class CBORTag:
        """Holds nothing: what it is for is never encoded."""

        def __init__(self, tag: int, value: object) -> None:
            pass

    @staticmethod
    def dumps(item: object) -> bytes:
        """Give up."""
        raise NotImplementedError

    @staticmethod
    def loads(data: bytes, **options: object) -> object:
        """Give up."""
        raise NotImplementedError


def _find() -> ModuleType | type[_Missing]:
    """Return what to take the names from."""
    module = sys.modules.get("cbor2") or sys.modules.get(_EXTENSION)
    if module is None:
        try:
            module = _load_extension()
        except ImportError:
            module = None
    if module is None:
        try:
            import cbor2
        except ImportError:  # a zip with all of a program in it: nothing compiled is loaded out of one
            return _Missing
        module = cbor2
    return module


if not TYPE_CHECKING:
    _module = _find()
    CBORTag = _module.CBORTag
    dumps = _module.dumps
    loads = _module.loads

__all__ = ["CBORTag", "dumps", "loads"]
