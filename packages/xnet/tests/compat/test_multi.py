"""The names of ``execnet.multi`` are the public ones."""

from __future__ import annotations

import xnet
from xnet.compat import multi


def test_names() -> None:
    assert all(hasattr(multi, name) for name in multi.__all__)
    for name in ("Group", "MultiChannel", "default_group", "makegateway", "set_execmodel"):
        assert getattr(multi, name) == getattr(xnet, name)
