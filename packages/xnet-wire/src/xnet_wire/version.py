"""The version of these packages, which are released together. `check versions` compares the other places."""

from __future__ import annotations

import sys

__version__ = "0.1.0"


def implementation() -> str:
    """Return what HELLO and INFO say about this program."""
    version = ".".join(map(str, sys.version_info[:3]))
    return f"xnet/{__version__} {sys.implementation.name}-{version}"
