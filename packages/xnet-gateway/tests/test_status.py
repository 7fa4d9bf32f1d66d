"""The answers to STATUS and INFO as objects. Spec: GW-020, GW-030, GW-031."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import signal
import sys
from collections.abc import Callable
from threading import Thread

import pytest

from gateway_helpers import PATIENCE_S, Gateways, eventually
from xnet_channel.core.errors import RemoteProtocolError
from xnet_gateway.gateway import ANSWER_S, Gateway
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


class TestSilence:
    """A worker that does not answer keeps nobody longer than agreed."""

    def test_who_asks_a_stopped_worker_is_told_in_time(self, gateways: Gateways) -> None:
        gateway = gateways("popen//id=silent")
        os.kill(gateway.pid, signal.SIGSTOP)
        try:
            for ask, name in ((gateway.remote_status, "STATUS"), (gateway._rinfo, "INFO")):
                with pytest.raises(
                    TimeoutError, match=f"gateway silent has not answered {name} within 0.1 s"
                ):
                    ask(timeout=0.1)
        finally:
            os.kill(gateway.pid, signal.SIGCONT)
        assert gateway.remote_status().numexecuting == 0
        assert gateway._rinfo().pid == gateway.pid
        assert eventually(lambda: gateway.remote_status().numchannels == 0), "late answers are forgotten"

    def test_also_when_nothing_can_be_written_any_more(self, gateways: Gateways) -> None:
        gateway = gateways()
        os.kill(gateway.pid, signal.SIGSTOP)
        try:
            channels = [gateway.newchannel() for _ in range(4)]
            sending = [Thread(target=one.send, args=(bytes(2**20),), daemon=True) for one in channels]
            for thread in sending:
                thread.start()
            assert eventually(lambda: gateway.session.writer._waiting)
            with pytest.raises(TimeoutError, match="has not answered STATUS within"):
                gateway.remote_status(0.1)
        finally:
            os.kill(gateway.pid, signal.SIGCONT)
        assert gateway.remote_status().numexecuting == 0
        for thread in sending:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    @pytest.mark.parametrize("ask", [Gateway.remote_status, Gateway._rinfo])
    def test_there_is_a_bound_without_asking_for_one(self, ask: Callable[..., object]) -> None:
        assert inspect.signature(ask).parameters["timeout"].default == ANSWER_S == 30.0
