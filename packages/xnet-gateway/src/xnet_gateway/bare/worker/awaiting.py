"""The way to ``coroutines``, which not all interpreters can read."""

from . import coroutines, imports
from .interpreter import sys
from .protocol import implementation

FOUND = {}


def asynchronous(name):
    """Return a function of ``coroutines``."""
    if name not in FOUND:
        if sys.version_info < (3, 7):
            raise NotImplementedError("coroutines need Python 3.7 or newer; this is %s" % implementation().split()[1])
        with imports.own_imports():
            FOUND[name] = getattr(coroutines, name)
    return FOUND[name]
