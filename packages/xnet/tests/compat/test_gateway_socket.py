"""The names of ``execnet.gateway_socket`` are the public ones."""

from __future__ import annotations

import xnet
from xnet.compat import gateway_socket


def test_names() -> None:
    assert all(hasattr(gateway_socket, name) for name in gateway_socket.__all__)
    for name in ("HostNotFound",):
        assert getattr(gateway_socket, name) == getattr(xnet, name)
