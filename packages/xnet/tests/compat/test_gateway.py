"""The names of ``execnet.gateway`` are the public ones."""

from __future__ import annotations

import xnet
from xnet.compat import gateway


def test_names() -> None:
    assert all(hasattr(gateway, name) for name in gateway.__all__)
    for name in ("Gateway",):
        assert getattr(gateway, name) == getattr(xnet, name)
