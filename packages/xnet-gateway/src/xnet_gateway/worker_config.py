"""What every worker started from this process is asked for in addition to its own specification."""

from __future__ import annotations

#: Keys for the ``config`` of HELLO. ``alias``: ``import execnet`` in the worker gives xnet.
extra: dict[str, object] = {}
