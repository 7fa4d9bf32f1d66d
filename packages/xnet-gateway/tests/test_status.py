"""The answers to STATUS and INFO as objects. Spec: GW-020, GW-030, GW-031."""

from __future__ import annotations

import os
import sys

import attrs
import pytest

from xnet_gateway.gateway import Gateway
from xnet_gateway.status import RemoteStatus, RInfo

STATUS = {"numchannels": 1, "numexecuting": 2, "numqueued": 3, "execmodel": "thread"}
INFO = {"executable": "/py", "version_info": (3, 12), "platform": "linux", "cwd": None, "pid": 4}


def test_gw_031_unknown_keys_are_kept_aside() -> None:
    status = RemoteStatus.from_answer({**STATUS, "numslow": 9})
    assert status == RemoteStatus(1, 2, 3, "thread")
    assert status.details["numslow"] == 9
    info = RInfo.from_answer({**INFO, "gil": False})
    assert (info.executable, info.cwd, info.pid) == ("/py", None, 4)
    assert info.details["gil"] is False


def test_they_do_not_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        RemoteStatus.from_answer(STATUS).numchannels = 5  # type: ignore[misc]


def test_gw_030_of_a_real_worker(shared: Gateway) -> None:
    info = shared._rinfo()
    assert info.executable == sys.executable
    assert info.version_info == tuple(sys.version_info)
    assert info.platform == sys.platform
    assert info.cwd == os.getcwd()
    assert info.pid == shared.pid
    assert info.details["version"]
    assert info.details["implementation"].startswith("xnet/")


def test_gw_020_of_a_real_worker(shared: Gateway) -> None:
    assert shared.remote_status() == RemoteStatus(0, 0, 0, "thread")
