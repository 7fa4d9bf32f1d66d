"""``RSync``: the name is here, the work comes in a later version."""

from __future__ import annotations


class RSync:
    """Will copy a directory tree to many gateways; not in this version.

    The class can be inherited from, as pytest-xdist does, but not used.
    """

    def __init__(self, sourcedir: object, callback: object = None, verbose: bool = True) -> None:
        raise NotImplementedError(
            "RSync is not part of this version of xnet; it comes with the package xnet-rsync in a later one"
        )
