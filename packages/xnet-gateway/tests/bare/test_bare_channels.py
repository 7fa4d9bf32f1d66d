"""Channels to a bare worker, on every interpreter."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gateway_helpers import PATIENCE_S, eventually
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError, TimeoutError
from xnet_gateway.gateway import Gateway

ECHO = "for item in channel: channel.send(item)"


def run(worker: Gateway, source: Any, **kwargs: Any) -> Any:
    """Return the first item that the code sends."""
    return worker.remote_exec(source, **kwargs).receive(PATIENCE_S)


class TestChannels:
    def test_ch_010_channels_travel_inside_items(self, worker: Gateway) -> None:
        source = """
mine = channel.gateway.newchannel()
yours = channel.receive()["x"][0]
channel.send([(mine, yours)])
assert yours.receive() == 1
yours.send(2)
mine.send(3)
assert channel.receive() == mine
channel.send(channel.receive() is yours)
mine.close()
yours.close(error=u"enough")
"""
        channel = worker.remote_exec(source)
        yours = worker.newchannel()
        channel.send({"x": [yours]})
        [(mine, back)] = channel.receive(PATIENCE_S)
        assert back is yours
        yours.send(1)
        assert yours.receive(PATIENCE_S) == 2
        assert mine.receive(PATIENCE_S) == 3
        channel.send(mine)
        channel.send(yours)
        assert channel.receive(PATIENCE_S) is True
        mine.waitclose(PATIENCE_S)
        with pytest.raises(RemoteError, match="enough"):
            yours.waitclose(PATIENCE_S)
        channel.waitclose(PATIENCE_S)

    def test_receive_with_a_timeout(self, worker: Gateway) -> None:
        source = """
import time
try:
    channel.receive(timeout=0.05)
except channel.TimeoutError as error:
    channel.send(str(error))
try:
    channel.waitclose(timeout=0.01)
except channel.TimeoutError as error:
    channel.send(str(error))
channel.send(channel.receive(timeout=200))
channel.send(channel.receive(timeout=-1))
channel.send(list(channel))
"""
        channel = worker.remote_exec(source)
        assert "no item within 0.05 s " in channel.receive(PATIENCE_S)
        assert "not closed within 0.01 s" in channel.receive(PATIENCE_S)
        channel.send(7)
        channel.send(8)
        assert channel.receive(PATIENCE_S) == 7
        assert channel.receive(PATIENCE_S) == 8

    def test_remote_errors_arrive(self, worker: Gateway) -> None:
        source = """
other = channel.receive()
try:
    other.receive()
except other.RemoteError as error:
    channel.send(error.formatted)
try:
    other.receive()
except EOFError as error:
    channel.send("eof")
"""
        channel = worker.remote_exec(source)
        other = worker.newchannel()
        channel.send(other)
        other.close("your fault: \xe9")
        assert channel.receive(PATIENCE_S) == "your fault: \xe9"
        assert channel.receive(PATIENCE_S) == "eof"

    def test_callbacks_with_an_endmarker(self, worker: Gateway) -> None:
        source = """
other = channel.receive()
got = []
other.receive()
other.setcallback(got.append, endmarker="end")
try:
    other.receive()
except (OSError, IOError) as error:
    channel.send(str(error))
other.waitclose()
channel.send(got)
"""
        channel = worker.remote_exec(source)
        other = worker.newchannel()
        channel.send(other)
        for number in range(100):
            other.send(number)
        assert "has a callback" in channel.receive(PATIENCE_S)
        other.close()
        assert channel.receive(PATIENCE_S) == [*range(1, 100), "end"]

    def test_ch_037_a_callback_that_fails_closes_its_channel_only(self, worker: Gateway) -> None:
        source = """
other = channel.receive()
other.setcallback(lambda item: 1 / item)
channel.send(1)
channel.receive()
"""
        channel = worker.remote_exec(source)
        other = worker.newchannel()
        channel.send(other)
        channel.receive(PATIENCE_S)
        other.send(1)
        other.send(0)
        with pytest.raises(RemoteError, match="ZeroDivisionError"):
            other.waitclose(PATIENCE_S)
        assert not channel.isclosed()
        channel.send(1)
        channel.waitclose(PATIENCE_S)

    @pytest.mark.parametrize("before", [False, True])
    def test_a_callback_that_fails_is_told_of_there(self, worker: Gateway, before: bool) -> None:
        """Whether its item comes later or was there before; and its end is no regular one."""
        source = """
import sys, threading
other, before = channel.receive()
got, told = [], []
def hook(*arguments):
    told.append(str(arguments[1] if len(arguments) == 3 else arguments[0].exc_value))
where = threading if hasattr(threading, "excepthook") else sys
where.excepthook = hook
def take(item):
    got.append(item)
    if item == "end":
        got.append(list(told))
    else:
        [][item]
if before:
    channel.receive()
other.setcallback(take, endmarker="end")
for action in other.waitclose, other.waitclose, other.receive:
    try:
        action()
    except other.RemoteError as error:
        channel.send((type(error).__name__, str(error)))
channel.send((got, told))
"""
        channel = worker.remote_exec(source)
        other = worker.newchannel()
        channel.send((other, before))
        if before:
            other.send(0)
            other.send(1)
        else:
            other.send_many([0, 1])  # between two calls it may be closed
        channel.send("sent")
        for _ in range(3):
            kind, text = channel.receive(PATIENCE_S)
            assert kind == "CallbackError"
            assert text.startswith("the callback of channel ")
            assert "IndexError" in text
        words = "list index out of range"
        assert channel.receive(PATIENCE_S) == ([0, "end", [words]], [words])
        with pytest.raises(RemoteError, match=words):
            other.waitclose(PATIENCE_S)

    def test_a_callback_while_the_main_thread_computes(self, worker: Gateway) -> None:
        source = """
import time
got = []
channel.setcallback(got.append)
channel.send(0)
while len(got) < 3:
    time.sleep(0.0005)
channel.send(got)
"""
        channel = worker.remote_exec(source)
        channel.receive(PATIENCE_S)
        for number in range(3):
            channel.send(number)
        assert channel.receive(PATIENCE_S) == [0, 1, 2]

    def test_ch_051_dropped_channels_are_closed(self, worker: Gateway) -> None:
        channel = worker.remote_exec("""
import gc
for _ in range(3):
    other = channel.gateway.newchannel()
    channel.send(other)
    loop = [other]
    loop.append(loop)
    del other, loop
    gc.collect()
channel.receive()
""")
        for _ in range(3):
            channel.receive(PATIENCE_S).waitclose(PATIENCE_S)
        channel.send(1)
        channel.waitclose(PATIENCE_S)

    def test_ch_051_ch_052_a_dropped_channel_with_a_callback_receives_on(self, worker: Gateway) -> None:
        channel = worker.remote_exec("""
import gc
other = channel.receive()
other.setcallback(channel.send, endmarker="end")
del other
gc.collect()
channel.send("dropped")
channel.receive()
""")
        other = worker.newchannel()
        channel.send(other)
        assert channel.receive(PATIENCE_S) == "dropped"
        other.waitclose(PATIENCE_S)  # LAST_MESSAGE: nothing more will come from there
        other.send(1)
        assert channel.receive(PATIENCE_S) == 1
        other.close()
        assert channel.receive(PATIENCE_S) == "end"
        channel.send(0)
        channel.waitclose(PATIENCE_S)

    def test_files(self, worker: Gateway) -> None:
        source = """
out = channel.makefile("w")
out.write(u"one\\ntw")
out.writelines([u"o\\n", u"three"])
out.flush()
read = channel.makefile("r")
channel.send((read.readline(), read.read(3), read.readline(), read.readline(), read.readline(), read.read(5)))
channel.send((out.isatty(), out.encoding, repr(out), repr(read)))
"""
        channel = worker.remote_exec(source)
        assert [channel.receive(PATIENCE_S) for _ in range(3)] == ["one\ntw", "o\n", "three"]
        for text in ("a\n", "bcd", "ef\ng", "h"):
            channel.send(text)
        with channel._link.lock:
            channel._link.connection.send_last(channel._mailbox.state)
            channel._endpoint.writer.flush_soon_locked()
        assert channel.receive(PATIENCE_S) == ("a\n", "bcd", "ef\n", "gh", "", "")
        isatty, encoding, *shown = channel.receive(PATIENCE_S)
        assert not isatty
        assert encoding == "utf-8"
        assert all("ChannelFile" in text for text in shown)

    def test_send_many_and_batches(self, worker: Gateway) -> None:
        channel = worker.remote_exec(
            "channel.send_many(channel.receive() for _ in range(3000))\nchannel.send_many([])"
        )
        channel.send_many(range(3000))
        assert [channel.receive(PATIENCE_S) for _ in range(3000)] == list(range(3000))
        channel.waitclose(PATIENCE_S)

    def test_many_threads_use_one_worker(self, worker: Gateway) -> None:
        failures: list[BaseException] = []

        def talk(number: int) -> None:
            try:
                channel = worker.remote_exec(ECHO)
                for item in range(50):
                    channel.send((number, item, "x" * 3000))
                    assert channel.receive(PATIENCE_S) == (number, item, "x" * 3000)
                channel.close()
            except BaseException as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S * 2)
        assert not failures
        assert eventually(lambda: worker.remote_status().numexecuting == 0)

    def test_names_that_programs_touch(self, worker: Gateway) -> None:
        source = """
model = channel.gateway.execmodel
lock = model.RLock()
lock.acquire(); lock.release()
event = model.Event()
event.set()
channel.send((model.backend, channel.gateway.id, channel._getremoteerror() is None, event.is_set()))
"""
        assert run(worker, source) == ("thread", worker.id + "-worker", True, True)


def test_channels_are_the_initiators(worker: Gateway) -> None:
    assert isinstance(worker.newchannel(), Channel)
    with pytest.raises(TimeoutError):
        worker.newchannel().receive(0.001)
