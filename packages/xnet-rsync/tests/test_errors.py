"""Errors are related as their users expect."""

from __future__ import annotations

from xnet_channel.threads.errors import RemoteError
from xnet_rsync.errors import ProtocolError, SyncError, TargetGone
from xnet_rsync.result import SyncResult, TargetResult


def test_who_catches_the_errors_of_execnet_catches_these() -> None:
    target = TargetResult("gw0", "/x")
    target.errors.append("no")
    result = SyncResult([target], [], [], 0.0)
    error = SyncError(result)
    assert isinstance(error, RemoteError)
    assert str(error) == "gw0:/x: no"
    assert error.result is result
    assert not issubclass(ProtocolError, RemoteError)
    assert not issubclass(TargetGone, OSError)
