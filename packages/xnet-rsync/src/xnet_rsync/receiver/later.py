"""Modules of the standard library that many syncs do without: loading them takes a while.

A receiver that is executed imports like the worker that executes it, whatever code there has done to ``sys.path``
and the like since the worker began: the gateway's ``_own_imports`` is a block in which a thread does so.
"""


class Anyhow(object):
    """A block in which modules are loaded as anywhere."""

    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass


_blocks = [Anyhow()]


def load_as(gateway):
    """Load modules as the worker of this gateway does from now on, if it has a way of its own."""
    _blocks[0] = getattr(gateway, "_own_imports", _blocks[0])


def loading():
    """Return a block in which to load a module."""
    return _blocks[0]


def load_sha256():
    """Return what computes SHA-256."""
    with loading():
        from hashlib import sha256

    return sha256
