"""The names of ``execnet.gateway_bootstrap`` are the public ones."""

from __future__ import annotations

import xnet
from xnet.compat import gateway_bootstrap


def test_names() -> None:
    assert all(hasattr(gateway_bootstrap, name) for name in gateway_bootstrap.__all__)
    for name in ("HostNotFound",):
        assert getattr(gateway_bootstrap, name) == getattr(xnet, name)
