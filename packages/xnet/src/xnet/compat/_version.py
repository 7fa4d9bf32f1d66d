"""The version, under execnet's name for it."""

from __future__ import annotations

from xnet import __version__

version = __version__
__all__ = ["version"]
