"""How imports work before anything is executed, for ``imports``."""

from .interpreter import PY2, sys

KEPT = []  # how imports work before anything is executed
OWN_IMPORTS = []  # the one object of this process, once it is needed


def keep_imports():
    """Take note of how imports work, before anything is executed."""
    names = __import__("__builtin__" if PY2 else "builtins").__dict__
    if PY2:
        __import__("imp")
    finders = dict(sys.path_importer_cache)
    KEPT[:] = list(sys.path), list(sys.meta_path), list(sys.path_hooks), finders, dict(sys.modules), names, dict(names)
