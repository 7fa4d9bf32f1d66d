"""The names of ``execnet.gateway_bootstrap`` are the public ones."""

from __future__ import annotations

import pytest

import xnet
from xnet.compat import gateway_bootstrap


def test_names() -> None:
    assert all(hasattr(gateway_bootstrap, name) for name in gateway_bootstrap.__all__)
    for name in ("HostNotFound",):
        assert getattr(gateway_bootstrap, name) == getattr(xnet, name)


def test_what_is_not_here_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"bootstrap is not part of xnet: Group\.makegateway\(\)"):
        gateway_bootstrap.bootstrap(None, "popen")
    with pytest.raises(AttributeError, match="importdir is not part of xnet: workers find"):
        gateway_bootstrap.importdir  # noqa: B018
