"""The names of ``execnet.gateway_socket`` are the public ones."""

from __future__ import annotations

import pytest

import xnet
from xnet.compat import gateway_socket


def test_names() -> None:
    assert all(hasattr(gateway_socket, name) for name in gateway_socket.__all__)
    for name in ("HostNotFound",):
        assert getattr(gateway_socket, name) == getattr(xnet, name)


def test_what_is_not_here_says_so() -> None:
    for name in ("SocketIO", "create_io", "start_via"):
        with pytest.raises(NotImplementedError, match=f"{name} is not part of xnet: makegateway"):
            getattr(gateway_socket, name)()
