"""Several channels used as one."""

from __future__ import annotations

import os
import queue
import signal
import time
from typing import TYPE_CHECKING

import pytest

from group_waits import busy
from xnet_channel import RemoteError
from xnet_group import MultiChannel

if TYPE_CHECKING:
    from xnet_group import Group


def test_it_is_a_sequence_of_its_channels(three: Group) -> None:
    channels = three.remote_exec("pass")
    assert len(channels) == 3
    assert [channel.gateway for channel in channels] == list(three)
    assert channels[0] in channels
    assert three[0].newchannel() not in channels
    assert channels[-1] is list(channels)[2]
    with pytest.raises(IndexError):
        channels[3]
    assert repr(channels).startswith("<MultiChannel [<Channel id=")


def test_send_each_and_receive_each_keep_the_order(three: Group) -> None:
    channels = three.remote_exec("channel.send((channel.gateway.id, channel.receive()))")
    channels.send_each({"n": 1})
    assert channels.receive_each() == [(f"{name}-worker", {"n": 1}) for name in "abc"]
    channels.waitclose()


def test_receive_each_with_channels(three: Group) -> None:
    channels = three.remote_exec("channel.send(1)")
    assert channels.receive_each(withchannel=True) == [(channel, 1) for channel in channels]
    with pytest.raises(EOFError):
        channels.receive_each()


def test_queue_gets_items_and_endmarkers_of_all(three: Group) -> None:
    channels = three.remote_exec("channel.send(channel.gateway.id)")
    items = channels.make_receive_queue(endmarker="end")
    assert channels.make_receive_queue() is items
    found = [items.get(timeout=200) for _ in range(6)]
    for channel, name in zip(channels, "abc", strict=True):
        assert [item for origin, item in found if origin is channel] == [f"{name}-worker", "end"]
    with pytest.raises(queue.Empty):
        items.get_nowait()


def test_none_is_an_endmarker_and_none_is_the_default(three: Group) -> None:
    marked = three.remote_exec("pass").make_receive_queue(endmarker=None)
    assert [marked.get(timeout=200)[1] for _ in range(3)] == [None] * 3
    channels = three.remote_exec("channel.send(1)")
    unmarked = channels.make_receive_queue()
    channels.waitclose()  # returns after the last callback
    assert unmarked.qsize() == 3


def test_waitclose_waits_for_all_and_raises_the_first_error(three: Group) -> None:
    channels = three.remote_exec(
        "name = channel.gateway.id\n"
        "if name != 'c-worker':\n"
        "    raise ValueError(name)\n"
        "import time; time.sleep(0.2)\n"
        "channel.send('late')\n"
    )
    with pytest.raises(RemoteError, match="ValueError: a-worker"):
        channels.waitclose()
    assert channels[2].receive(timeout=0) == "late"
    assert channels[1]._getremoteerror() is None  # waited for too, so its error has been told


def test_waitclose_prefers_what_failed_to_what_broke(group: Group) -> None:
    group.makegateways(["popen", "popen"])
    channels = MultiChannel(
        [
            group[0].remote_exec("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
            group[1].remote_exec("1/0"),
        ]
    )
    with pytest.raises(RemoteError, match="ZeroDivisionError"):
        channels.waitclose()


def test_waitclose_says_which_process_died(group: Group) -> None:
    group.makegateways(["popen", "popen"])
    channels = group.remote_exec("channel.send(1); channel.receive()")
    assert channels.receive_each() == [1, 1]
    began_s = time.monotonic()
    os.kill(group[1].pid, signal.SIGKILL)
    channels[0].send(None)
    with pytest.raises(EOFError, match=r"gateway gw1: .*killed by signal 9 \(SIGKILL\)"):
        channels.waitclose()
    assert time.monotonic() - began_s < 5 * busy()


def test_no_channels() -> None:
    empty = MultiChannel([])
    assert (len(empty), empty.receive_each()) == (0, [])
    empty.send_each(1)
    empty.waitclose()
    assert empty.make_receive_queue().empty()
