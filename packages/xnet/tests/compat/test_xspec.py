"""The names of ``execnet.xspec`` are the public ones."""

from __future__ import annotations

import xnet
from xnet.compat import xspec


def test_names() -> None:
    assert all(hasattr(xspec, name) for name in xspec.__all__)
    for name in ("XSpec",):
        assert getattr(xspec, name) == getattr(xnet, name)
