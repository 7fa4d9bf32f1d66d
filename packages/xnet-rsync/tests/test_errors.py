"""Errors are related as their users expect."""

from __future__ import annotations

from xnet_channel.threads.errors import RemoteError
from xnet_rsync.errors import ProtocolError, SyncError


def test_who_catches_the_errors_of_execnet_catches_these() -> None:
    assert issubclass(SyncError, RemoteError)
    assert str(SyncError("gw0:/x: no")) == "gw0:/x: no"
    assert not issubclass(ProtocolError, RemoteError)
