"""The version of execnet that this is compatible with, under execnet's names for it.

Programs compare it (``execnet.__version__ >= "1.1"``) to know what they may use, and mean execnet's numbers.
Our own version is ``xnet.__version__``.
"""

from __future__ import annotations

__all__ = ["version", "version_tuple"]

version_tuple = (2, 1, 2)
version = ".".join(map(str, version_tuple))
__version_tuple__ = version_tuple
__version__ = version
commit_id = None
