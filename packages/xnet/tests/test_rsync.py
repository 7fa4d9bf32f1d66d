"""RSync has its name, and says that it has nothing more."""

from __future__ import annotations

import pytest

import xnet


def test_rsync_says_that_it_comes_later() -> None:
    with pytest.raises(NotImplementedError, match="RSync is not part of this version of xnet"):
        xnet.RSync("/tmp")


def test_it_can_be_inherited_from() -> None:
    class HostRSync(xnet.RSync):
        pass

    assert issubclass(HostRSync, xnet.RSync)
