"""The version of these packages, which are released together. `check versions` compares the other places."""

from __future__ import annotations

__version__ = "0.1.0"
