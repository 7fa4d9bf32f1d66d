"""The answers to STATUS and INFO as objects. Spec: GW-020, GW-030, GW-031."""

from __future__ import annotations

import copy
import os
import pickle
import sys

import pytest

from xnet_channel.core.errors import RemoteProtocolError
from xnet_gateway.gateway import Gateway
from xnet_gateway.status import RemoteStatus, RInfo

STATUS = {"numchannels": 1, "numexecuting": 2, "numqueued": 3, "execmodel": "thread"}
INFO = {"executable": "/py", "version_info": (3, 12), "platform": "linux", "cwd": None, "pid": 4}


def test_gw_031_unknown_keys_are_kept_aside() -> None:
    status = RemoteStatus.from_answer({**STATUS, "numslow": 9})
    assert vars(status) == {**STATUS, "numexecuting": 5}
    assert status.details["numslow"] == 9
    info = RInfo.from_answer({**INFO, "gil": False})
    assert vars(info) == INFO
    assert (info.executable, info.cwd, info.pid) == ("/py", None, 4)
    assert info.details["gil"] is False


@pytest.mark.parametrize("name", STATUS)
def test_gw_020_an_answer_without_a_key_is_the_workers_fault(name: str) -> None:
    for wrong in ({key: STATUS[key] for key in STATUS if key != name}, {**STATUS, name: b"odd"}):
        with pytest.raises(RemoteProtocolError, match=f"answer to STATUS is wrong: {name} missing"):
            RemoteStatus.from_answer(wrong)


@pytest.mark.parametrize("name", INFO)
def test_gw_030_an_answer_without_a_key_is_the_workers_fault(name: str) -> None:
    with pytest.raises(RemoteProtocolError, match=f"answer to INFO is wrong: {name} missing"):
        RInfo.from_answer({key: INFO[key] for key in INFO if key != name})


def test_an_answer_that_is_no_map() -> None:
    with pytest.raises(RemoteProtocolError, match="a map was expected, not list"):
        RInfo.from_answer([1])  # type: ignore[arg-type]


def test_what_has_not_begun_counts_as_executing() -> None:
    status = RemoteStatus.from_answer(STATUS)
    assert (status.numexecuting, status.numqueued, status.details["numexecuting"]) == (5, 3, 2)


def test_they_print_as_their_facts() -> None:
    assert repr(RemoteStatus.from_answer(STATUS)) == (
        "<RemoteStatus 'execmodel=thread, numchannels=1, numexecuting=5, numqueued=3'>"
    )
    assert str(RInfo.from_answer(INFO)) == (
        "<RInfo 'cwd=None, executable=/py, pid=4, platform=linux, version_info=(3, 12)'>"
    )


def test_programs_may_set_attributes_and_copy() -> None:
    info = RInfo.from_answer({**INFO, "gil": False})
    setattr(info, "node", "one")  # noqa: B010 - no attribute that a type checker knows
    info.pid = 5
    for twin in (copy.copy(info), copy.deepcopy(info), pickle.loads(pickle.dumps(info))):
        assert vars(twin) == {**INFO, "pid": 5, "node": "one"}
        assert twin.details["gil"] is False


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
    expected = {"numchannels": 0, "numexecuting": 0, "numqueued": 0, "execmodel": "thread"}
    assert vars(shared.remote_status()) == expected
