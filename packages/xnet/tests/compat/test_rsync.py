"""``execnet.rsync`` has the class."""

from __future__ import annotations

import xnet
from xnet.compat import rsync


def test_it_is_the_public_class() -> None:
    assert rsync.RSync is xnet.RSync


def test_it_can_be_inherited_from_as_pytest_xdist_does() -> None:
    class HostRSync(rsync.RSync):
        pass

    assert HostRSync("/tmp", verbose=False)._sourcedir == "/tmp"
