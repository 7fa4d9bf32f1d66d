"""What every worker does, whatever it runs on and however it is reached.

Programs for workers are in the language that Python 2.7 and 3 share.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from gateway_helpers import MEGABYTE, Watched, busy, eventually
from matrix.cells import HERE, Cell
from matrix.tests.conftest import Reach
from matrix.tests.sent_functions import fail, multiply, pump
from matrix.ways import PATIENCE_S
from xnet import Gateway, RemoteError

#: From the death of a worker to the error that tells of it, in seconds.
DEATH_S = 5.0
#: What both languages have and neither changes.
VALUES: list[Any] = [
    None, True, -1, 0, 2**31, -(2**63) - 1, 2**200, 1.5, -0.0, float("inf"), 1 + 2j, "text \u20ac",
    (1, (2, ())), [[]], {"a": {"b": [1.0]}}, {1, 2}, frozenset([3]),
]  # fmt: skip


class TestExec:
    def test_a_source(self, gateway: Gateway) -> None:
        assert gateway.remote_exec("channel.send(6 * 7)").receive(PATIENCE_S) == 42

    def test_a_function_with_arguments(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec(multiply, factor=3, text="\u20ac")
        channel.send(5)
        assert channel.receive(PATIENCE_S) == 15
        assert channel.receive(PATIENCE_S) == "\u20ac"

    def test_a_module(self, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "sent_module.py").write_text(
            "def double(x): return 2 * x\nif __name__ == '__channelexec__':\n"
            "    for item in channel: channel.send(double(item))\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        import sent_module  # type: ignore[import-not-found]

        channel = gateway.remote_exec(sent_module)
        channel.send(4)
        assert channel.receive(PATIENCE_S) == 8

    def test_it_is_the_interpreter_asked_for(self, gateway: Gateway, cell: Cell) -> None:
        source = (
            "import platform, sys; channel.send((platform.python_implementation(), sys.version_info[:2]))"
        )
        implementation, version = gateway.remote_exec(source).receive(PATIENCE_S)
        if cell.version.startswith("pypy"):
            assert implementation == "PyPy"
        else:
            assert (implementation, "{}.{}".format(*version)) == ("CPython", cell.version)

    def test_where_it_runs(self, gateway: Gateway, cell: Cell) -> None:
        """The main thread is the first one's; a second goes to another, or nowhere."""
        assert eventually(lambda: gateway.remote_status().numexecuting == 0)
        main = "import threading as t; m = getattr(t, 'main_thread', None)\n"
        first = gateway.remote_exec(
            f"{main}channel.send(m is None or t.current_thread() is m()); channel.receive()"
        )
        assert first.receive(PATIENCE_S) is True
        second = gateway.remote_exec("channel.send(1)")
        if cell.model == "main_thread_only":
            with pytest.raises(RemoteError, match="would cause deadlock"):
                second.receive(PATIENCE_S)
        else:
            assert second.receive(PATIENCE_S) == 1
        first.send(None)
        first.waitclose(PATIENCE_S)

    def test_what_it_prints_disturbs_nothing(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec(
            "import os, sys\nprint('printed'); sys.stdout.flush(); os.write(1, b'written\\n')\n"
            "channel.send(sys.stdin.read()); channel.send(2)"
        )
        assert channel.receive(PATIENCE_S) == ""
        assert channel.receive(PATIENCE_S) == 2


class TestChannels:
    def test_values_come_back_as_they_are(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("for item in channel: channel.send(item)")
        for value in VALUES:
            channel.send(value)
            got = channel.receive(PATIENCE_S)
            assert (type(got), repr(got)) == (type(value), repr(value))

    def test_many_and_large_items_both_ways(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("for item in channel: channel.send(item)")
        large = os.urandom(3 * MEGABYTE)
        numbers = list(range(2000))
        for number in numbers:
            channel.send(number)
        channel.send([large.hex()])
        assert [channel.receive(PATIENCE_S) for _ in numbers] == numbers
        assert channel.receive(PATIENCE_S) == [large.hex()]

    def test_a_channel_in_an_item(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("c = channel.receive()['c']; c.send(c.receive() + 1)")
        inner = gateway.newchannel()
        channel.send({"c": inner})
        inner.send(1)
        assert inner.receive(PATIENCE_S) == 2

    def test_the_end(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("channel.send(1)")
        assert channel.receive(PATIENCE_S) == 1
        with pytest.raises(EOFError):
            channel.receive(PATIENCE_S)
        channel = gateway.remote_exec(
            "inner = channel.receive(); channel.send(list(inner)); channel.send(inner.isclosed())"
        )
        inner = gateway.newchannel()
        channel.send(inner)
        inner.send(1)
        inner.send("x")
        inner.close()
        assert channel.receive(PATIENCE_S) == [1, "x"]
        assert channel.receive(PATIENCE_S) is True

    def test_files(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("f = channel.makefile('w'); f.write(u'one\\ntwo'); f.close()")
        assert channel.makefile("r").read(7) == "one\ntwo"

    def test_a_callback_gets_all_and_the_end_once(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("for i in range(500): channel.send(i)")
        got: list[object] = []
        channel.setcallback(got.append, endmarker=None)
        channel.waitclose(PATIENCE_S)
        assert got == [*range(500), None]

    def test_a_callback_there(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec(
            "def back(item):\n    if item != -1: channel.send(item + 1)\n"
            "inner = channel.receive(); inner.setcallback(back, endmarker=-1); inner.waitclose()"
        )
        inner = gateway.newchannel()
        channel.send(inner)
        inner.send(1)
        assert channel.receive(PATIENCE_S) == 2
        inner.close()
        channel.waitclose(PATIENCE_S)


class TestStrings:
    def test_by_default(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("channel.send(['a', u'\\xe9', type(channel.receive()).__name__])")
        channel.send("text")
        text, accented, kind = channel.receive(PATIENCE_S)
        assert (text, accented) == ("a", "\xe9")
        assert kind == ("unicode" if gateway._rinfo().version_info[0] == 2 else "str")

    @pytest.mark.parametrize("who", ["gateway", "channel"])
    def test_reconfigured(self, gateway: Gateway, who: str, cell: Cell) -> None:
        channel = gateway.remote_exec(
            "got = channel.receive(); channel.send((type(got).__name__, 'a', u'b')); channel.receive()"
        )
        old = cell.version == "2.7"
        try:
            configured = gateway if who == "gateway" else channel
            configured.reconfigure(py2str_as_py3str=False, py3str_as_py2str=True)
            channel.send("text")
            kind, native, text = channel.receive(PATIENCE_S)
            # text arrives as bytes on either side; Python 2's own string as the bytes it is
            assert (kind, native, text) == (b"str" if old else b"bytes", b"a", b"b")
        finally:
            gateway.reconfigure()
        channel.send(None)


class TestKnowing:
    def test_status_while_it_is_busy(self, gateway: Gateway, cell: Cell) -> None:
        assert eventually(lambda: gateway.remote_status().numexecuting == 0)
        channel = gateway.remote_exec("channel.send(1); channel.receive()")
        assert channel.receive(PATIENCE_S) == 1
        status = gateway.remote_status()
        assert status.numexecuting == 1
        assert status.execmodel == cell.model
        channel.send(None)
        channel.waitclose(PATIENCE_S)
        assert eventually(lambda: gateway.remote_status().numexecuting == 0)

    def test_information(self, gateway: Gateway) -> None:
        info = gateway._rinfo(update=True)
        source = "import os, sys; channel.send((os.getpid(), list(sys.version_info[:3]), os.getcwd()))"
        pid, version, folder = gateway.remote_exec(source).receive(PATIENCE_S)
        assert (info.pid, list(info.version_info[:3]), info.cwd) == (pid, version, folder)

    def test_a_traceback_shows_the_line(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec("x = 1\nraise ValueError('it is', x)  # here")
        with pytest.raises(RemoteError) as caught:
            channel.receive(PATIENCE_S)
        assert "ValueError" in str(caught.value)
        assert "# here" in str(caught.value)
        assert "line 2" in str(caught.value)

    def test_a_source_that_cannot_be_read(self, gateway: Gateway) -> None:
        with pytest.raises(RemoteError, match="SyntaxError"):
            gateway.remote_exec("this is no program").receive(PATIENCE_S)
        assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1

    def test_a_trace_of_the_worker(self, reach: Reach, tmp_path: Path) -> None:
        with reach(EXECNET_DEBUG="1", TMPDIR=str(tmp_path)) as gateway:
            pid = gateway.remote_exec("import os; channel.send(os.getpid())").receive(PATIENCE_S)
            path = tmp_path / f"execnet-debug-{pid}"
            assert eventually(lambda: "received <Message CHANNEL_EXEC" in path.read_text())


class TestCoroutines:
    @pytest.fixture(autouse=True)
    def can(self, gateway: Gateway, cell: Cell) -> None:
        if gateway._rinfo().version_info[:2] < (3, 7):
            pytest.skip(f"needs event loops as Python 3.7 has them, this is {cell.version}")

    def test_a_function_with_many_waits(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec(pump, count=300)
        inner = gateway.newchannel()
        channel.send(inner)
        assert [channel.receive(PATIENCE_S) for _ in range(300)] == list(range(300))
        for number in range(300):
            inner.send(number)
        assert [inner.receive(PATIENCE_S) for _ in range(300)] == [2 * number for number in range(300)]
        assert channel.receive(PATIENCE_S) == "cancelled"
        assert channel.receive(PATIENCE_S) == "timeout"
        channel.send("after all")  # what was cancelled has taken nothing
        assert channel.receive(PATIENCE_S) == "after all"
        inner.close()
        channel.waitclose(PATIENCE_S)

    def test_large_items_and_little_credit(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec(
            "async def main(channel):\n"
            "    while True:\n        await channel.asend(await channel.areceive())\n"
            "import asyncio\nasyncio.run(main(channel))"
        )
        large = os.urandom(2 * MEGABYTE).hex()
        for _ in range(3):
            channel.send(large)
        for _ in range(3):
            assert channel.receive(PATIENCE_S) == large

    def test_await_outside_of_functions(self, gateway: Gateway) -> None:
        source = "import asyncio\nawait asyncio.sleep(0)\nawait channel.asend(await channel.areceive())"
        channel = gateway.remote_exec(source)
        if gateway._rinfo().version_info[:2] < (3, 8):
            with pytest.raises(RemoteError, match="'await' outside function"):
                channel.receive(PATIENCE_S)
        else:
            channel.send(1)
            assert channel.receive(PATIENCE_S) == 1

    def test_an_error(self, gateway: Gateway) -> None:
        with pytest.raises(RemoteError) as caught:
            gateway.remote_exec(fail).receive(PATIENCE_S)
        assert "ValueError: it failed" in str(caught.value)
        assert "# here" in str(caught.value)
        assert "asyncio" not in str(caught.value)  # only frames of the user's

    def test_the_end_of_the_items(self, gateway: Gateway) -> None:
        channel = gateway.remote_exec(
            "inner = channel.receive()\n"
            "async def main():\n    channel.send([item async for item in inner])\n"
            "import asyncio; asyncio.run(main())"
        )
        inner = gateway.newchannel()
        channel.send(inner)
        inner.send(1)
        inner.send(2)
        inner.close()
        assert channel.receive(PATIENCE_S) == [1, 2]


class TestEnd:
    def test_termination(self, reach: Reach) -> None:
        with reach() as gateway:
            pid = gateway.remote_exec("import os; channel.send(os.getpid())").receive(PATIENCE_S)
            process = Watched(pid)
            waiting = gateway.remote_exec("channel.receive()")
            gateway.exit()
            assert process.wait_gone(PATIENCE_S)
            gateway.join(PATIENCE_S)
            assert not gateway.hasreceiver()
            with pytest.raises((EOFError, OSError)):
                waiting.receive(PATIENCE_S)

    def test_death(self, reach: Reach, cell: Cell) -> None:
        with reach() as gateway:
            channel = gateway.remote_exec("import os; channel.send(os.getpid()); channel.receive()")
            pid = channel.receive(PATIENCE_S)
            began_s = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(EOFError) as caught:
                channel.receive(PATIENCE_S)
            assert time.monotonic() - began_s < DEATH_S * busy()
            assert re.search(cell.way.tells_death, str(caught.value)), caught.value
            with pytest.raises(OSError, match=r".+"):
                gateway.remote_exec("1")


def test_the_version_that_runs_this_is_in_the_matrix() -> None:
    assert HERE in {"3.10", "3.11", "3.12", "3.13"}
